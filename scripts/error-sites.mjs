// Finds every error that src/ can raise for a person to read: each `new SifstageError(…)` with its message, exit codes and
// hints, as they are written. What a function makes out of what it is called with is followed to its calls.
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {endOfGroup, pieces, ternary, topLevelParts} from './source-text.mjs'

const CODES = {done: 0, wrong: 1, usage: 2, unfaithful: 3, noEngine: 4, failed: 5, bug: 70, interrupted: 130, terminated: 143}

/** Names of variables that say little to somebody who does not see the code. */
const PLAINER = {
  'CACHE-MOUNTS': 'TARGET',
  EACH: 'NAME',
  FIND: 'PROGRAM',
  FIRST: 'ENGINE',
  FOREIGN: 'FILE',
  FORM: 'KIND-OF-IMAGE',
  GIVEN: 'TEXT',
  JOIN: 'PATH',
  KIND: 'ENGINE',
  LABEL: 'FOLDER',
  LARGEST_DOCUMENT: 'NUMBER',
  LAYERS: 'FLAG',
  LENGTH: 'NUMBER',
  LONGEST_PATH: '4096',
  MOST_DOCUMENTS: 'NUMBER',
  MOST_ENTRIES: '50000',
  OTHER: 'NAME',
  PARENT: 'FOLDER',
  REASONS: 'REASON',
  REFS: 'REF',
  'SHOW-IMAGE-REFERENCE': 'IMAGE',
  'SHOW-TEMPLATE': 'PATH',
  SHOWN: 'IMAGE',
  SPLIT: 'DIGEST',
  STORE_VERSION: 'VERSION',
  STRINGIFY: 'TEXT',
  TRIM: 'REASON',
  TROUBLE: 'REASON',
  TROUBLES: 'REASON',
  TYPED: 'FILE',
  UNKNOWN: 'REF',
  UNUSED: 'REF',
  MESSAGE: 'REASON',
  TABLE: 'HINT',
  THERE: 'FILE',
  VISIBLE: 'FILE',
  WRONG: 'KEY',
}

/** What stands for an expression in a message: a word that says what it is. */
function wordFor(code, words) {
  const known = words[code]
  if (known !== undefined) return known
  if (
    /fileTrouble|[Ee]rror\b.*\.message|\.message\b|\breason\b|\bwhy\b|\bsaid\b|\blines\b|complaints|lastWords|explained/.test(
      code,
    )
  )
    return 'REASON'
  const list = /^([\w.?!]+)\.(?:map|join|filter|slice)\(/.exec(code)?.[1] ?? code
  const name = /([A-Za-z]\w*)(?:\[\d+\])?(?:\??\.name)?\W*$/.exec(list.replace(/\(.*$/s, ''))?.[1] ?? 'TEXT'
  const word = name.replace(/([a-z])([A-Z])/g, '$1-$2').toUpperCase()
  return PLAINER[word] ?? word
}

/**
 * All texts that an expression may come to. Each is a list of texts and holes, with the choices (`a ? b : c`) that lead to it.
 * @param scope what names stand for: constants of the file, and the arguments of the call that is followed
 */
function textsOf(code, scope) {
  const bare = code.replace(/^\((.*)\)$/s, '$1').trim()
  const literal = pieces(bare)
  if (literal !== undefined) {
    let all = [{parts: [], choices: {}}]
    for (const piece of literal) {
      const next = piece.code === undefined ? [{parts: [{text: piece.text}], choices: {}}] : holeTexts(piece.code, scope)
      all = all.flatMap(one => next.flatMap(other => joined(one, other) ?? []))
    }
    return all
  }
  const choice = ternary(bare)
  if (choice !== undefined) {
    const [condition, yes, no] = choice
    const arm = (text, taken) =>
      textsOf(text, scope).flatMap(each => joined({parts: [], choices: {[condition]: taken}}, each) ?? [])
    return [...arm(yes, true), ...arm(no, false)]
  }
  if (bare === 'undefined') return [{parts: undefined, choices: {}}]
  const either = /^(.*[^?])\?\?([^?].*)$/s.exec(bare)
  if (either !== null && pieces(either[2].trim()) !== undefined)
    return [...textsOf(either[1].trim(), scope), ...(/^['"`]{2}$/.test(either[2].trim()) ? [] : textsOf(either[2].trim(), scope))]
  // What is not given is worked out: nothing to read here.
  if (either !== null && scope.has(either[1].trim()))
    return textsOf(either[1].trim(), scope).map(each =>
      each.parts === undefined ? {...each, parts: [{hole: either[2].trim()}]} : each,
    )
  const known = scope.get(bare)
  // A caller that gives nothing says nothing of what may stand there.
  if (known !== undefined && !/^['"`]{2}$/.test(known.code)) return textsOf(known.code, known.scope)
  const list = /^\[(.*)\]\.join\('\\n'\)$/s.exec(bare)
  if (list !== null) {
    const last = topLevelParts(`${list[1]})`, 0).at(-1)
    return [
      {
        parts: [
          {hole: 'REASON'},
          ...(last === undefined || pieces(last) === undefined ? [] : [{text: '\n'}, ...textsOf(last, scope)[0].parts]),
        ],
        choices: {},
      },
    ]
  }
  return [{parts: [{hole: bare}], choices: {}}]
}

/** Of what stands in a hole only texts are worked out; all else stays a hole. */
function holeTexts(code, scope) {
  const choice = ternary(code)
  const known = /^['"`]{2}$/.test(scope.get(code)?.code ?? '') ? undefined : scope.get(code)
  if (choice === undefined && known === undefined) return [{parts: [{hole: code}], choices: {}}]
  const all = textsOf(code, scope)
  return all.every(each => each.parts !== undefined) ? all : [{parts: [{hole: code}], choices: {}}]
}

/** Two texts behind each other; undefined where one needs the other arm of a choice. */
function joined(one, other) {
  for (const [condition, taken] of Object.entries(other.choices))
    if ((one.choices[condition] ?? taken) !== taken) return undefined
  return {
    parts: other.parts === undefined ? undefined : [...(one.parts ?? []), ...other.parts],
    choices: {...one.choices, ...other.choices},
  }
}

/** Functions of a file with their parameters, and where each begins and ends. */
function functionsOf(text) {
  const found = []
  const heads = /(export )?(?:async )?function (\w+)(?:<[^>]*>)?\(|const (\w+) = (?:async )?\(/g
  for (const match of text.matchAll(heads)) {
    const open = match.index + match[0].length - 1
    const close = endOfGroup(text, open)
    const isArrow = match[3] !== undefined
    const arrow = isArrow ? /^[^=;{]*=>\s*/.exec(text.slice(close, close + 200)) : null
    if (isArrow && arrow === null) continue
    let body = close + (arrow?.[0].length ?? 0)
    if (!isArrow) {
      const brace = /^(?::\s*(?:[\w<>[\], |]|\{[^}]*\})+?)?\s*\{/.exec(text.slice(close, close + 300))
      body = close + (brace === null ? 0 : brace[0].length - 1)
    }
    const names = topLevelParts(text, open + 1).map(part => /^\w+/.exec(part)?.[0] ?? '')
    const isBlock = text[body] === '{'
    found.push({
      name: match[2] ?? match[3],
      exported: match[1] !== undefined,
      names,
      start: match.index,
      body,
      isBlock,
      end: isBlock ? endOfGroup(text, body) : body,
    })
  }
  return found
}

/** String constants of a file. */
function constantsOf(text) {
  const scope = new Map()
  for (const match of text.matchAll(/^(?:export )?const (\w+) =\s*(?=['"`])/gm)) {
    const end = /\n(?=\S|$)/.exec(text.slice(match.index + match[0].length))
    const code = text.slice(match.index + match[0].length, match.index + match[0].length + (end?.index ?? 0)).trim()
    if (pieces(code) !== undefined) scope.set(match[1], {code, scope: new Map()})
  }
  return scope
}

/** @param root the project's folder */
export function errorSites(root) {
  const folder = join(root, 'src')
  const files = readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .filter(name => name.endsWith('.ts') && name !== 'model/errors.ts')
    .sort()
    .map(name => {
      const text = readFileSync(join(folder, name), 'utf8')
      return {name, text, functions: functionsOf(text), constants: constantsOf(text)}
    })
  const sites = []
  /** The function around a place that hands an error back instead of throwing it. */
  const makerAt = (file, at) => {
    const before = file.text.slice(Math.max(0, at - 80), at)
    const around = file.functions.filter(each => each.isBlock && each.start < at && at < each.end).at(-1)
    const arrow = file.functions.find(each => !each.isBlock && /^\s*$/.test(file.text.slice(each.body, at)) && each.body <= at)
    if (arrow !== undefined) return arrow
    // What a function is told that it does (`what`) is said of its failure by whoever calls it.
    if (around?.names.includes('what')) return around
    return /return\s*$|[?:]\s*$|\?\?\s*$/.test(before) && !/throw[^;\n]*$/.test(before) ? around : undefined
  }
  const callsOf = (file, maker) =>
    files
      .filter(each => !each.name.startsWith('formats/'))
      .filter(
        each => each === file || (maker.exported && new RegExp(`import [^;]*?\\b${maker.name}\\b[^;]*? from`).test(each.text)),
      )
      .flatMap(each =>
        [...each.text.matchAll(new RegExp(`(?<![.\\w]|function )${maker.name}\\(`, 'g'))].map(match => ({
          file: each,
          at: match.index,
          given: topLevelParts(each.text, match.index + match[0].length),
        })),
      )
  const follow = (file, at, args, scope, depth) => {
    const maker = makerAt(file, at)
    const isReason = file.name === 'images/limits.ts' && maker?.name === 'refused'
    const add = (from, known) => {
      // Names of its own parameters are all that another one's reason says.
      sites.push({
        file: from,
        origin: maker?.exported === true ? (file.name === 'system/files.ts' || isReason ? from : file.name) : file.name,
        args,
        scope: known,
        isReason,
      })
    }
    const uses = maker === undefined ? [] : maker.names.filter(name => name !== '' && usesName(args, name))
    if (maker === undefined || uses.length === 0 || depth > 3) {
      add(file.name, scope)
      return
    }
    const calls = callsOf(file, maker)
    if (calls.length === 0) add(file.name, scope)
    for (const call of calls) {
      const outer = new Map(call.file.constants)
      const inner = new Map(scope)
      for (const [place, name] of maker.names.entries())
        if (name !== '') inner.set(name, {code: call.given[place] ?? 'undefined', scope: outer})
      // What the caller hands on may be its own parameter: its scope is filled when that is followed in turn.
      followCall(call, outer, add, inner, depth)
    }
  }
  const followCall = (call, outer, add, inner, depth) => {
    const maker = makerAt(call.file, call.at)
    const handed = maker === undefined ? [] : maker.names.filter(name => name !== '' && usesName(call.given, name))
    const calls = maker === undefined || handed.length === 0 || depth > 3 ? [] : callsOf(call.file, maker)
    if (calls.length === 0) {
      add(call.file.name, inner)
      return
    }
    for (const next of calls) {
      const filled = new Map(next.file.constants)
      const scoped = new Map(outer)
      for (const [place, name] of maker.names.entries())
        if (name !== '') scoped.set(name, {code: next.given[place] ?? 'undefined', scope: filled})
      const again = filledIn(inner, outer, scoped)
      followCall(next, filled, add, again, depth + 1)
    }
  }
  for (const file of files)
    for (const match of file.text.matchAll(/new SifstageError\(/g)) {
      const args = topLevelParts(file.text, match.index + match[0].length)
      follow(file, match.index, args, file.constants, 0)
    }
  return sites
}

/** What names stand for, with one scope in the place of another wherever it is looked in. */
function filledIn(scope, old, filled) {
  return new Map(
    [...scope].map(([name, known]) => [
      name,
      known.scope === old
        ? {...known, scope: filled}
        : known.scope.size === 0
          ? known
          : {...known, scope: filledIn(known.scope, old, filled)},
    ]),
  )
}

function usesName(args, name) {
  const whole = new RegExp(`^${name}$|\\$\\{${name}\\}|[?:]\\s*${name}\\s*(?:$|:)|^${name} \\?\\?`)
  return args.some(arg => whole.test(arg.trim()))
}

/** The exit codes that an expression names. */
function codesOf(code) {
  // A code that was worked out before may be any.
  if (/[?:]\s*(?!ExitCode\b)[a-z]\w*\s*(?:$|:)/.test(code)) return [1, 2, 3, 4, 5]
  const named = [...code.matchAll(/ExitCode\.(\w+)/g)].map(match => CODES[match[1]])
  return named.length > 0
    ? [...new Set(named)].filter(each => each !== 0).sort((a, b) => a - b)
    : /^\d+$/.test(code)
      ? [Number(code)]
      : [1, 2, 3, 4, 5]
}

/** Each message that a site may come to, with its codes and hints. */
export function messagesOf({file, args, scope}, words) {
  const [code = '', message = '', hint = 'undefined'] = args
  const hints = textsOf(hint, scope)
  const shown = parts => parts.map(part => part.text ?? (part.hole === 'REASON' ? 'REASON' : wordFor(part.hole, words))).join('')
  return textsOf(message, scope).map(text => {
    const fitting = hints.filter(each => joined({parts: [], choices: text.choices}, each) !== undefined)
    return {
      file,
      codes: codesOf(code),
      message: shown(text.parts ?? []),
      pattern: text.parts ?? [],
      hints: fitting.map(each => (each.parts === undefined ? undefined : {text: shown(each.parts), pattern: each.parts})),
    }
  })
}
