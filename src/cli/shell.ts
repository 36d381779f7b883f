/** `shell`: a shell in the image of a stage, with our own terminal. */
import {spawn} from 'node:child_process'
import {type Shell, type ShellOptions, shell} from '../index.js'
import {noteSink} from './progress.js'

/** The engine's shell; its status is the shell's. */
function enter({argv, env}: Shell): Promise<number> {
  const [file = '', ...args] = argv
  return new Promise((done, fail) => {
    const child = spawn(file, args, {stdio: 'inherit', env: {...env}, cwd: '/'})
    // The terminal sends its signals to the shell as well: it is the shell's to answer them.
    const ignore = () => {}
    process.on('SIGINT', ignore)
    child.once('error', fail)
    child.once('exit', code => {
      process.off('SIGINT', ignore)
      done(code ?? 1)
    })
  })
}

/**
 * Opens the shell; gives back its status.
 * @throws SifstageError when there is no image of the stage
 */
export async function runShell(input: string | undefined, options: ShellOptions, signal: AbortSignal): Promise<number> {
  const write = (text: string) => process.stderr.write(text)
  const opened = await shell(input, options, {sink: noteSink(write), terminal: process.stdin.isTTY, signal})
  try {
    write(`${opened.about}\n`)
    return await enter(opened)
  } finally {
    await opened.close()
  }
}
