/**
 * The same instructions for builders that do not know here-documents (buildah before 1.33): a command becomes a JSON
 * array, and the text of a file a file that is copied. They also make no folder for a WORKDIR that nothing is put into,
 * where they keep layers (tried with 1.28): nothing is copied there.
 */
import {LineIndex} from '../../model/span.js'
import {readInstructions} from './instructions.js'
import {LineReader} from './lines.js'
import {Problems} from './problems.js'
import {jsonArray} from './write-words.js'

/** The named context that the files are copied from. */
export const INLINE = 'sifstage-inline'

const NOTHING = 'nothing'

export interface InlineFile {
  /** In the folder of that context. */
  readonly path: string
  readonly text: string
}

export interface Plain {
  readonly lines: readonly string[]
  readonly files: readonly InlineFile[]
  /** Empty ones, in the same place. */
  readonly folders: readonly string[]
}

/** In the folder that every RUN has for itself; the body is the first argument. */
const RUN_AS_FILE = 'f=/dev/.$$; printf %s "$0" >$f && chmod 755 $f && $f; s=$?; rm -f $f; exit $s'

/** A RUN with here-documents (K23, K24). */
function plainRun(line: string, shell: readonly string[]): string | undefined {
  const problems = new Problems()
  const [read] = readInstructions(new LineReader(new LineIndex('', line), problems), problems)
  if (problems.failed || read === undefined || !('command' in read) || read.command.kind === 'json') return undefined
  const {text, heredocs} = read.command
  const [only] = heredocs
  if (only === undefined) return undefined
  const first = line.slice(0, line.indexOf('\n'))
  if (!first.endsWith(text.text)) return undefined
  const before = first.slice(0, first.length - text.text.length)
  if (!/^<<-?["']?[^\s"'<>|&;]+["']?$/.test(text.text)) {
    const whole = heredocs.reduce((all, {body, name}) => `${all}\n${body}${name}`, text.text)
    return `${before}${jsonArray([...shell, whole])}`
  }
  const argv = only.body.startsWith('#!') ? ['/bin/sh', '-c', RUN_AS_FILE, only.body] : [...shell, only.body]
  return `${before}${jsonArray(argv)}`
}

/** What a stage of the same text left its shell as, by its name. */
type Shells = Map<string, readonly string[]>

/** @param shell what the stage's base has, or the usual one */
export function withoutHeredocs(lines: readonly string[], shell: readonly string[]): Plain {
  const files: InlineFile[] = []
  const shells: Shells = new Map()
  let current = shell
  let stage = ''
  let works = false
  const plain = lines.flatMap(line => {
    const from = /^FROM (?:--\S+ )?(\S+)(?: AS (\S+))?$/.exec(line)
    if (from !== null) {
      shells.set(stage, current)
      current = shells.get(from[1] ?? '') ?? shell
      stage = from[2] ?? ''
    }
    const set = /^SHELL (\[.*\])$/.exec(line)
    if (set !== null) current = JSON.parse(set[1] ?? '[]')
    if (line.startsWith('WORKDIR ')) {
      works = true
      return [line, `COPY --from=${INLINE} ${NOTHING}/ ./`]
    }
    if (line.startsWith('RUN ') && line.includes('\n')) return plainRun(line, current) ?? line
    // Where the name is not quoted the text has variables of the base, which a file cannot have.
    const copy = /^COPY (.*?)<<"([\w.-]+)" (\S+)\n([\s\S]*)\2$/.exec(line)
    if (copy === null) return line
    const [, flags = '', name = '', target = '', text = ''] = copy
    const path = `${files.length}/${name}`
    files.push({path, text})
    return `COPY --from=${INLINE} ${flags}${path} ${target}`
  })
  return {lines: plain, files, folders: works ? [NOTHING] : []}
}
