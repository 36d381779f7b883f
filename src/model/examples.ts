/** Short ways to write the examples of a rule. */
import type {Example} from './check.js'

type Files = Exclude<Example['files'], undefined>

function example(format: Example['format'], text: string, files: Files | undefined): Example {
  return {format, text, ...(files === undefined ? {} : {files})}
}

/** @param files the build context, where it matters: a name ending in `/` is an empty folder, in `@` a link */
export const dockerfile = (text: string, files?: Files): Example => example('dockerfile', text, files)
/** @param files the build context, where it matters */
export const def = (text: string, files?: Files): Example => example('def', text, files)
/** @param files the build context, where it matters */
export const yaml = (text: string, files?: Files): Example => example('yaml', text, files)
