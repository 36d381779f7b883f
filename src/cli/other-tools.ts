/** What people type who know apptainer, docker or podman, and how it is said here. */
import {existsSync, statSync} from 'node:fs'

/** Commands of other tools, and of other people's habits: what to type instead. */
const COMMANDS: ReadonlyMap<string, string> = new Map([
  ['inspect', 'sifstage report IMAGE'],
  ['lint', 'sifstage check'],
  ['validate', 'sifstage check'],
  ['graph', 'sifstage plan'],
  ['format', 'sifstage fmt'],
  ['new', 'sifstage init'],
  ['create', 'sifstage init'],
  ['clean', 'sifstage cache prune'],
  ['prune', 'sifstage cache prune'],
])

/** What is done with an image that is there: the engine's part. */
const OF_THE_ENGINE: ReadonlySet<string> = new Set(['run', 'exec', 'test', 'instance', 'sign', 'push', 'pull'])

const FLAGS: ReadonlyMap<string, string> = new Map([
  ['-t', 'What is written is named with -o: -o NAME.sif, or -o docker-daemon:NAME for an image of Docker'],
  ['-f', 'INPUT needs no flag, only its name; the folder that its paths start at is --context DIR'],
  ['-s', 'A sandbox folder is named with a slash at its end: -o NAME/'],
  ['--fakeroot', 'Leave it out: the engine takes it where it needs it'],
  ['--arch', 'The machine to build for: --platform linux/ARCH'],
  ['--load', 'An image for Docker itself: -o docker-daemon:NAME'],
  ['--verbose', 'Every line that is printed: --progress plain; the whole log of a stage is kept as well'],
])

const SAME: ReadonlyMap<string, string> = new Map([
  ['--tag', '-t'],
  ['--file', '-f'],
  ['--sandbox', '-s'],
  ['-v', '--verbose'],
  ['-d', '--verbose'],
  ['--debug', '--verbose'],
])

/** What to type in the place of a command of another tool; undefined for a word that is none. */
export function otherCommand([first = '', ...rest]: readonly string[]): string | undefined {
  const here = COMMANDS.get(first)
  if (here !== undefined) return `Do you mean: ${here}`
  if (!OF_THE_ENGINE.has(first)) return undefined
  return `That is the engine's: apptainer ${[first, ...(rest.length === 0 ? ['IMAGE.sif'] : rest)].join(' ')}`
}

/** How a build says what a flag of another tool says. */
export function otherFlag(flag: string): string | undefined {
  const name = flag.replace(/=.*/s, '')
  return FLAGS.get(SAME.get(name) ?? name)
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}

/** `apptainer build OUT INPUT`, and a conversion with OUT as a second word: the command as it is written here. */
export function otherOrder(command: string, words: readonly string[], extra: readonly string[]): string | undefined {
  const plain = words.filter(word => !word.startsWith('-'))
  if (command === 'build') {
    const image = plain.findLast(word => /\.sif$|\/$/.test(word))
    const input = plain.findLast(word => word !== image && !word.endsWith('.sif') && isFile(word))
    if (image === undefined || input === undefined) return undefined
    return `The image goes behind -o: sifstage build ${input} -o ${image}`
  }
  if (command !== 'convert') return undefined
  const [out = ''] = extra
  const input = plain.find(word => word !== out && isFile(word))
  const kind = /\.def$/.test(out) ? 'def' : /\.ya?ml$/.test(out) ? 'yaml' : /Dockerfile/.test(out) ? 'dockerfile' : undefined
  if (input === undefined) return undefined
  if (['def', 'dockerfile', 'yaml', 'stages'].includes(out)) return `Do you mean: sifstage convert ${input} --to ${out}`
  return kind === undefined ? undefined : `Do you mean: sifstage convert ${input} --to ${kind} -o ${out}`
}
