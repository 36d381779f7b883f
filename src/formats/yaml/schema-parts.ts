/** What the schemas of steps and stages are put together from. Values are texts, see schema.ts. */
import {z} from 'zod'
import {ENGINE_NAMES} from '../../model/engines.js'

export const scalar = ['string', 'number', 'boolean']

/** A text; numbers and truth values are taken as they are written. */
export function text(description: string, ...examples: unknown[]) {
  return z.string({error: 'should be a text'}).meta({type: scalar, description, examples})
}

/** Another stage, where something else could stand as well. */
export const stageOnly = z.strictObject({stage: text('The name of another stage.', 'base')}, {error: 'should be {stage: NAME}'})

export const name = z.string().regex(/^[^\s=\0]+$/, {error: 'should be a name without blanks and "="'})

export const strings = z.array(z.string({error: 'should be a text'}).meta({type: scalar}), {error: 'should be a list of texts'})

export function values(description: string, ...examples: unknown[]) {
  return z
    .record(name, z.string({error: 'should be a text; an empty one is written ""'}).meta({type: scalar}), {
      error: 'should be a map from names to texts',
    })
    .meta({description, examples})
}

/** Labels may be called anything. */
export function labels(description: string, ...examples: unknown[]) {
  const labelName = z.string().regex(/^[^\0]+$/, {error: 'should be a name'})
  return z
    .record(labelName, z.string({error: 'should be a text; an empty one is written ""'}).meta({type: scalar}), {
      error: 'should be a map from names to texts',
    })
    .meta({description, examples})
}

export function textOrList(description: string, ...examples: unknown[]) {
  return z
    .union([z.string().meta({type: scalar}), strings], {error: 'should be a text or a list of texts'})
    .meta({description, examples})
}

export const shell = strings.min(1, {error: 'should name at least the program'}).meta({
  description: 'The program that later `run` texts are handed to as one last argument. Default: [/bin/sh, -c].',
  examples: [['/bin/bash', '-o', 'pipefail', '-c']],
})

export const engine = z.enum(ENGINE_NAMES, {error: `should be one of ${ENGINE_NAMES.join(', ')}`}).meta({
  description: 'The engine that builds this stage, instead of the one that the build takes for all. Only YAML can say it.',
  examples: ['docker'],
})

export const env = values(
  'Variables for the steps below and for the finished image. All values are filled in before any is set.',
  {
    PATH: '/opt/bin:${PATH}',
  },
)

const image = z
  .strictObject(
    {image: text('An image that is not a stage. Variables of `args` are filled in.', 'docker://busybox:1.36')},
    {error: 'should be {image: REFERENCE}'},
  )
  .meta({description: 'Copy out of another image.', examples: [{image: 'docker://busybox'}]})

/** A truth value, which the reader takes as the text it is written as. */
export function truth(description: string) {
  return z
    .enum(['true', 'false'], {error: 'should be true or false'})
    .meta({type: 'boolean', enum: [true, false], description, examples: [true]})
}

export function number(description: string, ...examples: unknown[]) {
  return z
    .string()
    .regex(/^\d{1,10}$/, {error: 'should be a number'})
    .meta({type: ['integer', 'string'], description, examples})
}

/** Bytes; `kB`, `MB` and `GB` are powers of 1000, `KiB` and its like of 1024. */
export function size(description: string, ...examples: unknown[]) {
  return z
    .string()
    .regex(/^\d{1,15} ?(B|kB|MB|GB|KiB|MiB|GiB)?$/, {error: 'should be a size, such as 500000, 2 MB or 1 GiB'})
    .meta({type: ['integer', 'string'], description, examples})
}

export function mode(description: string) {
  return z
    .string()
    .regex(/^[0-7]{1,5}$/, {error: 'should be a mode in octal, such as 0755'})
    .meta({type: ['integer', 'string'], description, examples: ['0755']})
}

const contextFolder = z
  .strictObject(
    {
      folder: text('A folder of the build context, which sources are relative to and cannot leave.', 'deps/boost'),
      ignore: text(
        'The ignore file that holds there, a path of the build context. Default: none.',
        'deps/boost/.dockerignore',
      ).optional(),
    },
    {error: 'should be {folder: PATH}'},
  )
  .meta({description: 'A folder of the build context as a context of its own.', examples: [{folder: 'deps/boost'}]})

export function origin(description: string) {
  return z
    .union([z.string().meta({type: scalar}), image, contextFolder], {
      error: 'should be the name of a stage, {image: REFERENCE} or {folder: PATH}',
    })
    .meta({description, examples: ['compiler', {image: 'docker://busybox'}, {folder: 'deps/boost'}]})
}

export const placing = {
  to: text(
    'Where it goes: relative to `workdir`; a "/" at the end means "into this folder". Variables are filled in.',
    '/usr/local/bin/',
    './',
  ),
  chown: text('Owner, `user[:group]`, by name in the image or by number.', 'app:app', 1000).optional(),
  chmod: text('Mode, octal or symbolic.', '0755', 'u+x').optional(),
  link: truth('Place it as if nothing were there yet (`COPY --link`).').optional(),
}

/** What is left out of copied folders, and whether a path is kept. */
export const choosing = {
  parents: truth(
    'Keep the path of each source below `to` (`COPY --parents`); `/./` in a source says where it begins.',
  ).optional(),
  exclude: strings
    .min(1, {error: 'should name at least one pattern'})
    .meta({description: 'Patterns of what is left out, as in .dockerignore.', examples: [['*.o', 'docs/**']]})
    .optional(),
}

export const unpack = z.enum(['detect', 'always', 'never'], {error: 'should be detect, always or never'}).meta({
  description: 'Whether an archive is unpacked: `detect` looks at the content, as ADD does with files of the context.',
  examples: ['detect'],
})

export const argument = z.string({error: 'should be a text, or nothing'}).meta({type: scalar}).nullable()
