/** The questions of `init`, on standard error, so that standard output has the result alone. */
import {formatNamed} from '../formats/index.js'
import {isProjectName} from '../library/templates.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Ask} from './init.js'

export const askOnTerminal: Ask = async (known, flags, suggested) => {
  const [{default: select}, {default: input}] = await Promise.all([import('@inquirer/select'), import('@inquirer/input')])
  const on = {output: process.stderr}
  try {
    const template = await select(
      {
        message: 'What do you build?',
        choices: known.map(each => ({name: each.title, value: each, description: each.summary})),
        pageSize: known.length,
      },
      on,
    )
    const format =
      flags.format !== undefined && template.formats.includes(flags.format)
        ? flags.format
        : await select(
            {
              message: 'How is it written down?',
              choices: template.formats.map(each => ({name: formatNamed(each).title, value: each})),
            },
            on,
          )
    const name =
      flags.name ??
      (await input(
        {
          message: 'What is the image called?',
          default: suggested,
          validate: text =>
            isProjectName(text) || 'Letters, digits, dots, underscores and hyphens, the first a letter or a digit.',
        },
        on,
      ))
    return {template, format, name}
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError')
      throw new SifstageError(ExitCode.interrupted, 'stopped before anything was written', undefined, {cause: error})
    throw error
  }
}
