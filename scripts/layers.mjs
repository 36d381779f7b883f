// Holds the layers of docs/architecture.md: who may import whom, and why. `npm run check` runs it.
//
// dependency-cruiser would, but reads TypeScript through the compiler's old programming interface, which TypeScript 7
// does not have. Imports of types count like any other: who names another layer's type knows that layer.
import {readdirSync, readFileSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Modules of Node that compute and touch nothing. */
const PURE = ['node:path', 'node:path/posix', 'node:crypto', 'node:buffer', 'node:util', 'node:zlib']

/** One row a layer: which of ours it may import besides its own, and which other modules. */
const layers = [
  {
    folder: 'model',
    may: [],
    modules: [],
    why: 'the nouns that everyone shares: whoever changes one must have to look nowhere else',
  },
  {
    folder: 'language',
    may: ['model'],
    modules: PURE,
    why: 'rules of shells, globs and paths, true whatever format or engine asks: text in, text out',
  },
  {
    folder: 'formats',
    may: ['model', 'language'],
    modules: [...PURE, 'yaml', 'yaml/util', 'zod'],
    apart: true,
    why: 'a format reads and writes text and knows neither files, engines nor the other formats',
  },
  {
    folder: 'plan',
    may: ['model', 'language'],
    modules: PURE,
    why: 'graph, order and keys follow from the description alone, so that they are the same on every machine',
  },
  {
    folder: 'checks',
    may: ['model', 'language', 'plan'],
    modules: PURE,
    why: 'a check judges a description; files it sees through the context handed to it',
  },
  {
    folder: 'linking',
    may: ['model', 'language'],
    modules: PURE,
    why: 'which file makes what another one needs follows from texts and names alone; nothing is run to find out',
  },
  {
    folder: 'engines',
    may: ['model', 'language'],
    modules: PURE,
    why: 'an engine turns a stage into files and commands and runs nothing: --dry-run prints the same',
  },
  {
    folder: 'images',
    may: ['model'],
    modules: [...PURE, 'node:fs', 'node:fs/promises', 'node:stream', 'node:stream/promises', 'tar-stream'],
    why: 'reads a built image wherever it lies; starts no process and knows nothing of builds',
  },
  {
    folder: 'inspection',
    may: ['model', 'language', 'images'],
    modules: PURE,
    why: 'judges what an image is through its face alone, so that any form, and a tree made for a test, can be looked at',
  },
  {folder: 'reports', may: ['model'], modules: PURE, why: 'one result, many looks: values in, text out'},
  {
    folder: 'terminal',
    may: ['model', 'reports'],
    modules: PURE,
    why: 'what a person watches follows from the events of a build and the size of the screen; the stream is handed in',
  },
  {
    folder: 'inside',
    may: ['model'],
    modules: 'any',
    why: 'runs by itself inside the user namespace, where nothing of ours has been loaded; it shares the list of operations and no more',
  },
  {
    folder: 'system',
    may: ['model', 'images'],
    modules: 'any',
    why: 'what spawns, writes and asks the network; it decides nothing about stages',
  },
  {
    folder: 'probes',
    may: ['model', 'engines', 'system'],
    modules: 'any',
    why: 'looks at what is here and what works, one engine a file; it changes nothing and decides nothing',
  },
  {
    folder: 'doctor',
    may: ['model', 'probes', 'system'],
    modules: 'any',
    why: 'one look at the machine a file, with a limit; it changes nothing that stays and decides nothing',
  },
  {
    folder: 'runners',
    may: ['model', 'system', 'images'],
    modules: 'any',
    why: 'runs the commands of an engine behind the ports of the model',
  },
  {folder: 'stores', may: ['model', 'system', 'images'], modules: 'any', why: 'keeps stages behind the port of the model'},
  {
    folder: 'build',
    may: ['model', 'language', 'plan', 'checks/artifacts', 'images'],
    modules: PURE,
    why: 'the loop works over ports, so that tests and other stores and runners can stand in',
  },
  {
    folder: 'library',
    may: [
      'model',
      'language',
      'formats/index.ts',
      'plan',
      'checks',
      'linking',
      'engines',
      'images',
      'inspection',
      'reports',
      'system',
      'probes',
      'doctor',
      'runners',
      'stores',
      'build',
    ],
    modules: 'any',
    why: 'wires the real parts together, for the command line and for other programs; prints nothing',
  },
  {
    folder: 'index.ts',
    may: ['library', 'model', 'build/request.ts', 'stores/inventory.ts', 'stores/retention.ts'],
    modules: [],
    why: 'what other programs may call: functions that load what they need when they are called',
  },
  {
    folder: 'deffile.ts',
    may: ['model', 'checks', 'formats/deffile/read.ts', 'formats/deffile/format.ts'],
    modules: [],
    why: 'definition files for editors and other tools: text in, values out, nothing of files, engines and stores',
  },
  {
    folder: 'cli',
    may: ['index.ts', 'model', 'reports', 'terminal', 'language/distance.ts', 'language/shell.ts', 'system/files.ts'],
    modules: 'any',
    why: 'what a person typed goes in, what they read comes out; the command line is the library and no more',
  },
  {
    folder: 'editor',
    may: ['index.ts', 'model', 'reports', 'formats/index.ts'],
    modules: [
      'node:path',
      'node:url',
      'vscode-languageserver',
      'vscode-languageserver/node',
      'vscode-languageserver-textdocument',
    ],
    why: 'what an editor asks, answered by what the command line says',
  },
  {
    folder: 'commands',
    may: ['cli', 'editor', 'model'],
    modules: ['@oclif/core/args', '@oclif/core/flags'],
    why: 'flags in, exit code out: no logic to test behind a command line',
  },
]

/** Modules that one place alone may use, whatever its row says. */
const places = [
  {
    module: /^(node:)?child_process$/,
    in: /^(system|inside)\//,
    why: 'one place starts processes, each in a group that ends with us',
    instead: 'go through system/processes.ts',
  },
  {
    module: /^vscode-languageserver/,
    in: /^editor\//,
    why: 'a tenth of a second to load',
    instead: 'ask for it in editor/',
  },
  {module: /^execa$/, in: /^system\//, why: 'one place starts processes', instead: 'go through system/processes.ts'},
  {
    module: /^@oclif\//,
    in: /^(cli|commands)\//,
    why: 'the command line is one way to use the rest',
    instead: 'hand the value in',
  },
  {
    module: /^(yaml(\/util)?|zod)$/,
    in: /^(formats\/yaml|library)\//,
    why: 'they take as long to load as all else together; who checks a Dockerfile does not wait for them',
    instead: 'read it in formats/yaml',
  },
  {
    module: /^tar-stream$/,
    in: /^images\//,
    why: 'archives are read in one place, which holds the limits',
    instead: 'go through images/tar.ts',
  },
]

/** What a command loads at once, for --help and the flags; the rest of a command comes by import() when it runs. */
const LOADED_AT_ONCE = /^(src\/cli\/(command|flags)\.ts|@oclif\/.*)$/

/** Imports that break a rule and are known to. One that is not needed any more fails the check: the list only shrinks. */
const debts = [
  ['build/context.ts', 'node:fs', 'reads the context itself; belongs behind a port beside ContextFiles'],
  ['build/context.ts', 'node:fs/promises', 'as above'],
  ['build/context.ts', 'system/files.ts', 'as above'],
  ['build/readable.ts', 'node:fs/promises', 'copies what the engine cannot read; belongs behind a port'],
  ['build/commands.ts', 'node:fs/promises', 'writes the working files of a stage itself; belongs behind a port'],
  ['build/tree-stage.ts', 'node:fs/promises', 'reads what came out of a stage itself; belongs behind a port'],
  ['build/tree-stage.ts', 'system/files.ts', 'as above'],
  ['library/local-image.ts', 'tar-stream', 'tells archives apart by hand; images/ could say what an archive is'],
  ['cli/shell.ts', 'node:child_process', 'hands the terminal over; belongs in system/'],
  ['library/workshop.ts', 'formats/deffile/original.ts', 'a stage text that stands alone should come with the description'],
  ['commands/build.ts', 'reports/palette.ts', 'belongs in cli/'],
]

/** Rules of BuildKit and Apptainer that YAML stages share live with the format they come from. */
const sharedByYaml =
  /^formats\/(dockerfile\/(problems|image-names|build-arguments|scope|template-paths|make-mount|ground|read)|deffile\/read)\.ts$/

const IMPORT = /^[ \t]*(?:import|export)\s+(?:(type)\s)?(?:[^'"`;]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm

function filesOf(folder) {
  return readdirSync(join(root, folder), {recursive: true, withFileTypes: true})
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => relative(join(root, folder), join(entry.parentPath, entry.name)))
    .sort()
}

/** Every import of a file: what, on which line, and how. */
function importsOf(file) {
  const text = readFileSync(join(root, 'src', file), 'utf8')
  return [...text.matchAll(IMPORT)].map(match => {
    const name = match[2] ?? match[3] ?? ''
    const how = match[3] !== undefined ? 'later' : match[1] === 'type' ? 'type' : 'now'
    const line = text.slice(0, match.index).split('\n').length
    const to = name.startsWith('.') ? join(dirname(file), name).replace(/\.js$/, '.ts') : name
    return {from: file, to, ours: name.startsWith('.'), how, line}
  })
}

const isIn = (path, place) => path === place || path.startsWith(`${place}/`)

/** What an import breaks, if anything. */
function broken({from, to, ours, how}) {
  const layer = layers.find(each => isIn(from, each.folder))
  if (layer === undefined) return {why: 'this folder has no row in scripts/layers.mjs', instead: 'give it one'}
  if (from.startsWith('commands/') && how === 'now' && !LOADED_AT_ONCE.test(ours ? `src/${to}` : to)) {
    return {why: 'a command loads only what it uses, when it runs', instead: 'import() it in run()'}
  }
  if (!ours) {
    const place = places.find(each => each.module.test(to))
    if (place !== undefined && !place.in.test(from)) return place
    return layer.modules === 'any' || layer.modules.includes(to)
      ? undefined
      : {why: layer.why, instead: 'let system/ or library/ do it and hand the value in'}
  }
  if (isIn(to, layer.folder)) {
    const part = path => path.split('/').slice(0, 2).join('/')
    const foreign = layer.apart === true && from.split('/').length > 2 && part(from) !== part(to)
    if (!foreign || (from.startsWith('formats/yaml/') && sharedByYaml.test(to))) return undefined
    return {why: layer.why, instead: 'move what both need to language/'}
  }
  return layer.may.some(place => isIn(to, place))
    ? undefined
    : {why: layer.why, instead: `${layer.folder} may import: ${layer.may.join(', ') || 'nothing of ours'}`}
}

/** Files that need each other to be loaded: which of them is first depends on who asks. */
function circles(imports) {
  const next = new Map()
  for (const {from, to, ours, how} of imports) if (ours && how === 'now') next.set(from, [...(next.get(from) ?? []), to])
  const found = []
  const done = new Set()
  const visit = (file, path) => {
    const at = path.indexOf(file)
    if (at !== -1) return found.push([...path.slice(at), file])
    if (done.has(file)) return
    for (const to of next.get(file) ?? []) visit(to, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) visit(file, [])
  return found
}

const imports = filesOf('src').flatMap(importsOf)
const isDebt = ({from, to}) => debts.some(([file, module]) => file === from && module === to)
const problems = []
for (const each of imports) {
  const rule = isDebt(each) ? undefined : broken(each)
  if (rule !== undefined)
    problems.push(`src/${each.from}:${each.line}: imports ${each.to}\n    ${rule.why}\n    → ${rule.instead}`)
}
for (const [file, module] of debts) {
  if (!imports.some(each => each.from === file && each.to === module && broken(each) !== undefined))
    problems.push(`scripts/layers.mjs: ${file} does not import ${module} any more\n    → take it off the list of debts`)
}
for (const circle of circles(imports))
  problems.push(
    `src/${circle[0]}: files that import each other in a circle\n    ${circle.join(' → ')}\n    → move what both need to a third`,
  )

for (const problem of problems) process.stderr.write(`${problem}\n`)
process.stderr.write(
  `layers: ${problems.length === 0 ? 'kept' : `${problems.length} broken`} (${imports.length} imports, ${debts.length} known debts)\n`,
)
process.exitCode = problems.length === 0 ? 0 : 1
