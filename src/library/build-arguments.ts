/** Build arguments as the command line gives them. */
import {readFileSync} from 'node:fs'
import {ExitCode, SifstageError} from '../model/errors.js'
import {fileHint, fileTrouble} from '../system/files.js'
import type {InputOptions} from './options.js'

/** The values of build arguments: the file's, and over them those of the command line (D34). */
export function buildArguments(
  flags: Pick<InputOptions, 'buildArg' | 'buildArgFile'>,
  environment: NodeJS.ProcessEnv,
): Map<string, string> {
  const values = new Map<string, string>()
  const file = flags.buildArgFile
  if (file !== undefined) {
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch (error) {
      throw new SifstageError(
        ExitCode.usage,
        `the file of build arguments ${file} cannot be read: ${fileTrouble(error)}`,
        fileHint(error),
      )
    }
    for (const [index, raw] of text.split(/\r?\n/).entries()) {
      const line = raw.trim()
      if (line === '' || line.startsWith('#')) continue
      const equals = line.indexOf('=')
      if (equals < 1)
        throw new SifstageError(
          ExitCode.usage,
          `${file}:${index + 1}: ${JSON.stringify(line)} is not K=V`,
          'Write one NAME=VALUE a line; lines that begin with # are left out.',
        )
      values.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim())
    }
  }
  for (const given of flags.buildArg ?? []) {
    const equals = given.indexOf('=')
    const name = equals === -1 ? given : given.slice(0, equals)
    if (!/^[A-Za-z_]\w*$/.test(name))
      throw new SifstageError(
        ExitCode.usage,
        `--build-arg ${given}: ${name === '' ? 'the name is missing' : `${JSON.stringify(name)} is not a name`}`,
        'Write --build-arg NAME=VALUE.',
      )
    const value = equals === -1 ? environment[name] : given.slice(equals + 1)
    if (value === undefined)
      throw new SifstageError(
        ExitCode.usage,
        `--build-arg ${name}: the environment has no variable of that name`,
        'Give it a value: --build-arg NAME=VALUE.',
      )
    values.set(name, value)
  }
  return values
}
