// Prints docs/errors.md: every error that a command can end with, from the places in src/ that raise them.
//
//   npm run docs        writes it anew
//
// Tests compare the file with what this makes, and hold a case for each entry that really raises it.
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {errorSites, messagesOf} from './error-sites.mjs'

/** What a person was doing, by the files that raise an error; the first that fits. A file without a group fails the docs. */
const groups = [
  [
    'The command line',
    /^cli\/|^library\/(format|init)[\w-]*\.ts$|^library\/(build|quantities|build-arguments|replacements|plan|shell|verify|convert|import)\.ts$|^system\/identity/,
  ],
  ['Settings', /^library\/(settings|config)/],
  ['Inputs', /^library\/(input|input-file|import-files|workshop)\.ts$/],
  ['Files that stages copy', /^build\/(context|readable|inputs)\.ts$|^system\/(downloads|git|remote|archives)\.ts$/],
  [
    'Bases and registries',
    /^system\/(bases|local-bases|references|fetch-image|supply-base|blob-cache|blob-download|registry.*|base-config|lookup)\.ts$/,
  ],
  ['The lock file', /^library\/(lock|locks)\.ts$|^plan\/lock|^system\/lock-file/],
  [
    'Images',
    /^images\/|^library\/open-image|^system\/(sandbox-image|squashfs-image|docker-image|printed-image|containers-image)\.ts$/,
  ],
  [
    'Engines',
    /^plan\/engine-choice|^library\/engines-here|^engines\/|^system\/(launcher|engine-words|docker-storage|containers-storage)|^build\/image-stage|^probes\//,
  ],
  ['The output', /^library\/(target-file|stage-files|schema)|^build\/outputs|^system\/(receivers|places)/],
  [
    'The store and the disk',
    /^stores\/|^library\/(cache|sharing|store-folder)|^build\/commands|^system\/(scratch|lazy-scratch|signing|files)|^runners\//,
  ],
  ['Secrets', /^system\/secrets/],
]

/** Words for expressions that say little by themselves. */
const words = {
  differs: 'the base PATH is not the one that FILE locks',
  'String(error)': 'REASON',
  'LARGEST_INPUT >> 20': '16',
  'LARGEST >> 20': '16',
  'index + 1': 'LINE',
  needed: ' for KIND-OF-OUTPUT',
  wanted: 'NAME',
  'fileHint(error)': 'HINT',
  'known?.hint': 'HINT',
  'JSON.stringify(line)': 'TEXT',
  'JSON.stringify(name)': 'NAME',
  last: 'REASON',
  field: 'FIELD',
}

/** A message's first words, so that a link to it stays right as long as they do. */
function slug(text, count) {
  const split = plain =>
    plain
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, ' ')
      .trim()
      .split(' ')
  const said = split(text.replaceAll(/\b[A-Z][A-Z_-]+\b/g, ' '))
  return (said.join('').length < 6 ? split(text) : said).slice(0, count).join('-')
}

/** @param root the project's folder */
export function catalogue(root) {
  const found = new Map()
  const reasons = new Set()
  for (const site of errorSites(root)) {
    for (const each of messagesOf(site, words)) {
      // Why an image cannot be read is said by whoever reads it; its name and a hint come in front and behind.
      if (site.isReason) {
        if (!/^[A-Z-]+$/.test(each.message)) reasons.add(each.message)
        continue
      }
      // Without words of its own a reason is no message: what it becomes part of has the words.
      if (each.pattern.every(part => part.text === undefined)) continue
      const shape = each.pattern.map(part => part.text ?? '\0').join('')
      const before = found.get(shape)
      const group = groups.find(([, pattern]) => pattern.test(site.origin))?.[0]
      if (group === undefined) throw new Error(`src/${site.origin} raises an error and is in no group of scripts/errors.mjs`)
      const hints = new Map((before?.hints ?? []).map(hint => [hint?.text, hint]))
      for (const hint of each.hints) hints.set(hint?.text, hint)
      found.set(shape, {
        group: before?.group ?? group,
        message: before?.message ?? each.message,
        pattern: each.pattern,
        codes: [...new Set([...(before?.codes ?? []), ...each.codes])].sort((a, b) => a - b),
        hints: [...hints.values()],
        files: [...new Set([...(before?.files ?? []), site.file])],
      })
    }
  }
  // What a tool that said nothing is said to have said.
  for (const [shape] of found)
    if (found.has(shape.replace(/the tool failed without a word$/, '\0')) && shape.endsWith('a word')) found.delete(shape)
  const ids = new Set()
  const place = ({group}) => groups.findIndex(([name]) => name === group)
  const entries = [...found.values()]
    .sort((a, b) => place(a) - place(b) || (a.message < b.message ? -1 : 1))
    .map(entry => {
      let id = ''
      for (let count = 7; id === '' || ids.has(id); count += 1) {
        id = slug(entry.message, count)
        if (count > 20) id = `${id}-${count - 19}`
      }
      ids.add(id)
      return {id, ...entry}
    })
  return {entries, reasons: [...reasons].sort()}
}

const code = text => `\`${text.replaceAll('`', "'")}\``

function part({id, message, codes, hints}) {
  const said = hints.filter(hint => hint !== undefined && hint.text !== 'HINT')
  const open = hints.some(hint => hint?.text === 'HINT')
  const advice = [
    ...said.map(hint => hint.text.replaceAll('\n', ' ').replaceAll(/[<>]/g, '')),
    ...(open ? ['What to do depends on the reason; the line below the message says it.'] : []),
  ]
  return `### ${id}

\`\`\`text
error: ${message}
\`\`\`

Exit code ${codes.join(' or ')}.${advice.length === 0 ? '' : `\n\n${advice.map(text => `- ${text}`).join('\n')}`}`
}

/** @param made what `catalogue` finds */
export function errorsPage({entries, reasons}) {
  const titles = groups.map(([name]) => name).filter(name => entries.some(entry => entry.group === name))
  const sections = titles.map(
    title =>
      `## ${title}\n\n${entries
        .filter(entry => entry.group === title)
        .map(part)
        .join('\n\n')}`,
  )
  return `# Errors

<!-- Made by npm run docs from the places in src/ that raise them. Do not edit. -->

${entries.length} messages that a command can end with, by what you were doing. Words in capitals stand for what differs: names,
paths, and REASON for what the system, an engine or a registry said. The line below a message says what to do; here it is
the list below it. Tests raise all of them but those that test/errors/unreached.ts gives a reason for. Findings about the text of an input end in a name in brackets, and are in
[the rules](checks.md).

Exit codes: 1 the described work is wrong · 2 wrong usage, or something that cannot be read · 3 cannot be expressed
faithfully · 4 no usable engine · 5 a step, the engine, a registry or the disk failed · 70 a bug in sifstage, please report it ·
130 and 143 stopped by a signal.

Of a file, REASON is one of: it does not exist; permission denied; it is a directory; a part of its path is not a directory; the
disk is full; the quota is used up; the file system is read-only; the name is too long; something else is there; it leads
through too many links; the disk or file system fails; or what the system says. A command line that cannot be understood is
told apart from these: the message says what was not understood, and what may be meant.

${sections.join('\n\n')}

## Why an image cannot be read

What stands for REASON in \`the image IMAGE cannot be read: REASON\`. Such an image is cut short, damaged, made to do harm, or
of a form that sifstage does not know; nothing of it was used.

${reasons.map(reason => `- ${code(reason)}`).join('\n')}
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  writeFileSync(join(root, 'docs/errors.md'), errorsPage(catalogue(root)))
  process.stderr.write('docs/errors.md is written\n')
}
