/** A RUN as lines of `%post` (K134-K136). */
import type {Command} from '../../model/description.js'
import {shellWord} from './quote.js'

/** Words after which the shell itself would be another than before, or which are grammar. */
const notPlain = new Set(
  (
    'cd set trap umask exec exit return export unset alias unalias source . eval read shift local readonly wait bg fg jobs ulimit ' +
    'hash command builtin getopts times type declare typeset pushd popd shopt enable let if then else elif fi for while until do ' +
    'done case esac select function time coproc { } ! [[ break continue sifstage_put'
  ).split(' '),
)

/** The command as lines of the script's own shell, where that does the same as a shell of its own; each stops the script when it fails (K136). */
export function isPlainRun(command: Command): readonly string[] | undefined {
  return command.kind === 'shell' && isDefaultShell(command.shell) ? plainCommands(command.text) : undefined
}

/**
 * The command as one of the script. `bare`: nothing stands in front of it, so that the script's shell would take a
 * name without a slash for a builtin, which docker does not run (K114).
 */
export function runWords(command: Command, bare: boolean): string {
  switch (command.kind) {
    case 'shell':
      return [...command.shell, isShell(command.shell) ? brokenLines(command.text) : command.text].map(shellWord).join(' ')
    case 'exec': {
      const words = command.argv.map(shellWord).join(' ')
      return command.argv[0]?.includes('/') === true || !bare ? words : `( exec ${words} )`
    }
    case 'file':
      return [...command.shell, `/dev/pipes/${command.name}`].map(shellWord).join(' ')
    case 'script':
      return `/bin/sh -ex -c ${shellWord(command.text)}`
  }
}

function isShell(shell: readonly string[]): boolean {
  return /^(\/usr)?(\/bin\/)?(ba|da|a|z|k)?sh$/.test(shell[0] ?? '') && shell.at(-1)?.endsWith('c') === true
}

/**
 * A command of one long line as people write it: broken where blanks stood in a row, which is where the Dockerfile's
 * lines were joined. Outside quotes a shell takes an escaped line end for nothing; anything where that may be otherwise
 * stays on its line.
 */
function brokenLines(text: string): string {
  if (text.length < 80 || /[\n\r#`]|<<|LINENO|\$\{[^}]*\s/.test(text)) return text
  let open = ''
  let certain = true
  const broken = text.trimEnd().replaceAll(/\\.|['"]|\$\(|[ \t]{2,}|\t/g, part => {
    // Quotes inside a substitution inside quotes are not told apart here.
    if (part === '$(') certain &&= open !== '"'
    else if (part.endsWith("'") || part.endsWith('"')) {
      const quote = part.slice(-1)
      if (open === quote && (part.length === 1 || quote === "'")) open = ''
      else if (open === '' && part.length === 1) open = quote
    } else if (/^\s/.test(part) && open === '') return ' \\\n        '
    return part
  })
  return certain && open === '' ? broken : text
}

function isDefaultShell(shell: readonly string[]): boolean {
  return shell.length === 2 && shell[0] === '/bin/sh' && shell[1] === '-c'
}

/**
 * K136: the links of an `a && b` chain of simple commands, when the script's own shell does the same with them
 * as a child would. Anything that is not obviously so is undefined.
 */
function plainCommands(text: string): readonly string[] | undefined {
  const trimmed = text.replaceAll(/'[^']*'|"[^"]*"|[ \t]+/g, part => (/^\s/.test(part) ? ' ' : part)).trim()
  if (trimmed.length > 2000 || !/^[\x20-\x7e]+$/.test(trimmed)) return undefined
  // Apptainer would take it for a build argument (D37); these variables differ from shell to shell.
  if (/\{\{\s*\w+\s*\}\}|\$\{?(_|OLDPWD|LINENO|PPID|SHLVL|RANDOM|SECONDS|BASH\w*|OPTIND|OPTARG|SIFSTAGE_\w*)\b/.test(trimmed))
    return undefined
  const links = splitChain(trimmed)
  if (links === undefined) return undefined
  const printed = links.map(link => link.trim())
  return printed.every(isSimple) ? printed : undefined
}

/** Cuts at `&&` outside quotes; undefined when the text holds any other grammar. */
function splitChain(text: string): string[] | undefined {
  const links: string[] = []
  let from = 0
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === "'" || character === '"') {
      const end = text.indexOf(character, at + 1)
      if (end === -1 || (character === '"' && /[\\`]|\$[^A-Za-z_{]|\$$|\$\{(?![A-Za-z_]\w*\})/.test(text.slice(at + 1, end))))
        return undefined
      at = end
    } else if (text.startsWith('&&', at)) {
      links.push(text.slice(from, at))
      from = at + 2
      at += 1
    } else if (character === '>' || character === '<') {
      const redirect = /^(>>?|<)(&[0-9])?(?![>&|<(])/.exec(text.slice(at, at + 5))
      if (redirect === null) return undefined
      at += redirect[0].length - 1
    } else if (character === '|') {
      if (/[|&]/.test(text.charAt(at + 1))) return undefined
    } else if (character === '$') {
      if (!/^\$([A-Za-z_]|\{[A-Za-z_]\w*\})/.test(text.slice(at, at + 80))) return undefined
    } else if (/[;&()`\\#!~^]/.test(character)) return undefined
    else if (character === '{' || character === '}') {
      if (!/^\$\{[A-Za-z_]\w*\}/.test(text.slice(text.lastIndexOf('$', at), at + 80))) return undefined
    }
  }
  links.push(text.slice(from))
  return links
}

function isSimple(link: string): boolean {
  return link.split('|').every(part => {
    const first = /^\S+/.exec(part.trim())?.[0]
    return first !== undefined && !notPlain.has(first) && /^[\w./+-]/.test(first) && !/[='"$]/.test(first)
  })
}
