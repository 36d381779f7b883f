/** The questions of `init`, on standard error, so that standard output has the result alone. */
import {ExitCode, init, SifstageError} from '../index.js'
import {type Ask, TITLES} from './init.js'

export const askOnTerminal: Ask = async (known, flags, folder) => {
  const [{default: select}, {default: input}] = await Promise.all([import('@inquirer/select'), import('@inquirer/input')])
  const {isName, suggested} = await init.names(folder)
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
              choices: template.formats.map(each => ({name: TITLES[each], value: each})),
            },
            on,
          )
    const name =
      flags.name ??
      (await input(
        {
          message: 'What is the image called?',
          default: suggested ?? 'my-image',
          validate: text => isName(text) || 'Letters, digits, dots, underscores and hyphens, the first a letter or a digit.',
        },
        on,
      ))
    return {template: template.name, format, name}
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError')
      throw new SifstageError(
        ExitCode.interrupted,
        'stopped before anything was written',
        'Begin again, or answer by flags: --template, --format, --name.',
        {
          cause: error,
        },
      )
    throw error
  }
}
