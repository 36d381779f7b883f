/** `sifstage lsp` as an editor uses it: a real client of the protocol, over standard input and output. */
import {type ChildProcess, spawn} from 'node:child_process'
import {existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {execa} from 'execa'
import {afterAll, afterEach, beforeEach, describe, expect, it} from 'vitest'
import {
  CodeActionRequest,
  CompletionRequest,
  createProtocolConnection,
  DefinitionRequest,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  DocumentFormattingRequest,
  DocumentSymbolRequest,
  ExitNotification,
  type Hover,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  type MarkupContent,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  type PublishDiagnosticsParams,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node'
import {root, workFolder} from '../support/engine.js'

const work = workFolder()
const folder = realpathSync(work.path)
const uri = (name: string) => pathToFileURL(join(folder, name)).href
const record = process.env['SIFSTAGE_RECORD'] === 'screens'

const definition = `Bootstrap: docker
From: gcc:12
Stage: compiler

%post
    gcc -o /opt/tool tool.c

Bootstrap: docker
From: alpine:3.20
Stage: final

%files from compilr
    /opt/tool /usr/bin/tool
`

let child: ChildProcess
let client: ProtocolConnection
let published: PublishDiagnosticsParams[]
let awaited: (() => void) | undefined
const transcript: string[] = []

/** The next findings of a document that fit; they may have come already. */
async function findings(of: string, fits: (each: PublishDiagnosticsParams) => boolean = () => true) {
  for (;;) {
    const found = published.findLast(each => each.uri === of && fits(each))
    if (found !== undefined) return found.diagnostics
    await new Promise<void>(resolve => {
      awaited = resolve
    })
  }
}

async function open(name: string, languageId: string, text: string) {
  await client.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: {uri: uri(name), languageId, version: 1, text},
  })
}

async function change(name: string, version: number, text: string) {
  await client.sendNotification(DidChangeTextDocumentNotification.type, {
    textDocument: {uri: uri(name), version},
    contentChanges: [{text}],
  })
}

beforeEach(async () => {
  published = []
  child = spawn(join(root, 'bin/sifstage'), ['lsp', '--stdio'], {cwd: folder, stdio: ['pipe', 'pipe', 'inherit']})
  if (child.stdout === null || child.stdin === null) throw new Error('no pipes')
  client = createProtocolConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin))
  client.onNotification(PublishDiagnosticsNotification.type, params => {
    published.push(params)
    awaited?.()
  })
  client.listen()
  const {capabilities, serverInfo} = await client.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    rootUri: null,
    workspaceFolders: [{uri: pathToFileURL(folder).href, name: 'project'}],
    capabilities: {},
  })
  expect(serverInfo?.name).toBe('sifstage')
  expect(capabilities.hoverProvider).toBe(true)
  await client.sendNotification(InitializedNotification.type, {})
})

afterEach(async () => {
  if (child.exitCode !== null) return
  await client.sendRequest(ShutdownRequest.type)
  const ended = new Promise(resolve => child.once('exit', resolve))
  await client.sendNotification(ExitNotification.type)
  expect(await ended).toBe(0)
  client.dispose()
})
afterAll(async () => {
  if (record) {
    mkdirSync(join(root, 'docs/screens'), {recursive: true})
    writeFileSync(join(root, 'docs/screens/lsp-session.txt'), `${transcript.join('\n')}\n`)
  }
  await work.remove()
})

function textOf(hover: Hover | null): string {
  return hover === null ? '' : (hover.contents as MarkupContent).value
}

function note(who: string, what: unknown): void {
  transcript.push(`${who} ${JSON.stringify(what).replaceAll(pathToFileURL(folder).href, 'file:///project')}`)
}

describe('findings', () => {
  it('come as somebody types, with rule, place and hint, and go when it is right', async () => {
    await open('tool.def', 'singularity', definition)
    const all = await findings(uri('tool.def'), each => each.diagnostics.length > 0)
    const errors = all.filter(each => each.severity === 1)
    expect(errors).toHaveLength(1)
    const [found] = errors
    expect(found).toMatchObject({
      code: 'copy-from-unknown-stage',
      source: 'sifstage',
      severity: 1,
      range: {start: {line: 11, character: 12}, end: {line: 11, character: 19}},
    })
    expect(found?.message).toMatch(/compilr.*\nhint: .*compiler/)
    note('server: findings', found)
    await change('tool.def', 2, definition.replace('compilr', 'compiler'))
    const right = await findings(uri('tool.def'), each => each.version === 2)
    expect(right.filter(each => each.severity === 1)).toEqual([])
    note('server: findings, after the name was corrected', right)
  })

  it('are those of check, in each language', async () => {
    await open('Dockerfile', 'dockerfile', 'FROM alpine AS a\nFROM alpine\nCOPY --from=b/x /y /z\nCOPY --from=1 /x /x\n')
    expect((await findings(uri('Dockerfile'))).map(each => each.code)).toContain('copy-from-self')
    await open('stages.yaml', 'yaml', 'sifstage: 1\nstages:\n  a: {from: {stage: b}}\n  b: {from: {stage: a}}\n')
    expect((await findings(uri('stages.yaml'))).map(each => each.code)).toContain('stage-cycle')
    await open('broken.def', 'plaintext', 'Bootstrap: docker\n%post\n')
    expect((await findings(uri('broken.def'))).map(each => each.code)).toContain('missing-from')
  })

  it('count columns as editors do, in UTF-16 units', async () => {
    await open('wide.Dockerfile', 'dockerfile', 'FROM alpine AS a\nFROM alpine\nRUN echo 😀\nCOPY --chown=é😀 --from=2 /x /x\n')
    const all = await findings(uri('wide.Dockerfile'), each => each.diagnostics.length > 0)
    const found = all.find(each => each.code === 'copy-from-unknown-stage')
    const line = 'COPY --chown=é😀 --from=2 /x /x'
    expect(found?.range.start.character).toBe(line.indexOf('--from'))
  })

  it('are none for files that are not ours, and go when a file is closed', async () => {
    await open('compose.yaml', 'yaml', 'services: {a: {image: x}}\nstages: nonsense\n')
    expect(await findings(uri('compose.yaml'))).toEqual([])
    await open('gone.def', 'singularity', 'Bootstrap: nowhere\n')
    expect(await findings(uri('gone.def'), each => each.diagnostics.length > 0)).not.toEqual([])
    published = []
    await client.sendNotification(DidCloseTextDocumentNotification.type, {textDocument: {uri: uri('gone.def')}})
    expect(await findings(uri('gone.def'))).toEqual([])
  })

  it('heed the settings and ignore file of the folder', async () => {
    work.write({'.dockerignore': 'secret.txt\n', 'secret.txt': ''})
    await open('Containerfile', 'dockerfile', 'FROM alpine\nCOPY secret.txt /\n')
    const found = await findings(uri('Containerfile'), each => each.diagnostics.length > 0)
    expect(found.map(each => each.code)).toContain('context-path-ignored')
    work.write({'sifstage.config.yaml': 'jobs: many\n'})
    await change('Containerfile', 2, 'FROM alpine\n')
    const [settings] = await findings(uri('Containerfile'), each => each.version === 2)
    expect(settings?.message).toMatch(/sifstage\.config\.yaml.*jobs/)
    writeFileSync(join(folder, 'sifstage.config.yaml'), '')
  })
})

describe('completion', () => {
  async function labels(name: string, languageId: string, text: string): Promise<string[]> {
    await open(name, languageId, text)
    const lines = text.split('\n')
    const list = await client.sendRequest(CompletionRequest.type, {
      textDocument: {uri: uri(name)},
      position: {line: lines.length - 1, character: (lines.at(-1) ?? '').length},
    })
    const items = Array.isArray(list) ? list : (list?.items ?? [])
    note(`client: completion behind ${JSON.stringify(lines.at(-1))}`, items.slice(0, 3))
    return items.map(each => each.label)
  }

  it('names the stages above, where a copy takes from one', async () => {
    const text = `${definition}\nBootstrap: docker\nFrom: alpine\nStage: last\n%files from `
    expect(await labels('a.def', 'singularity', text)).toEqual(['compiler', 'final'])
    expect(await labels('b.Dockerfile', 'dockerfile', 'FROM a AS Build\nFROM b AS test\nCOPY --from=b')).toEqual(['build'])
    const yaml =
      'sifstage: 1\nstages:\n  one: {from: alpine}\n  two:\n    from: alpine\n    steps:\n      - copy: /x\n        from: '
    expect(await labels('c.yaml', 'yaml', `${yaml}`)).toEqual(['one'])
    const braces = 'sifstage: 1\nstages:\n  one: {from: alpine}\n  "t.wo": {from: alpine}\n  last: {from: {stage: '
    expect(await labels('d.yaml', 'yaml', braces)).toEqual(['one', 't.wo'])
    expect(await labels('e.yaml', 'yaml', 'sifstage: 1\nstages: {one: {from: a},\n  two: {from: {stage: ')).toEqual(['one'])
  })

  it('replaces what is typed of a name with dots and dashes', async () => {
    const text = 'FROM a AS my-build.1\nFROM b\nCOPY --from=my-bu'
    await open('d.Dockerfile', 'dockerfile', text)
    const list = await client.sendRequest(CompletionRequest.type, {
      textDocument: {uri: uri('d.Dockerfile')},
      position: {line: 2, character: 17},
    })
    expect(Array.isArray(list) ? list[0]?.textEdit : undefined).toEqual({
      newText: 'my-build.1',
      range: {start: {line: 2, character: 12}, end: {line: 2, character: 17}},
    })
  })

  it('knows sections, headers, instructions and rules', async () => {
    expect(await labels('e.def', 'singularity', 'Bootstrap: docker\nFrom: a\n%')).toContain('environment')
    expect(await labels('f.def', 'singularity', 'Bootstrap: docker\nF')).toContain('From')
    expect(await labels('g.def', 'singularity', 'Bootstrap: docker\nFrom: a\n%post\nF')).toEqual([])
    expect(await labels('h.Dockerfile', 'dockerfile', 'FROM a\nCO')).toContain('COPY')
    expect(await labels('i.Dockerfile', 'dockerfile', 'FROM a\nRUN x \\\n  CO')).toEqual([])
    expect(await labels('j.Dockerfile', 'dockerfile', 'FROM a\n# sifstage: ignore unu')).toContain('unused-stage')
  })
})

describe('a place', () => {
  it('with a finding shows the page of its rule', async () => {
    await open('tool.def', 'singularity', definition)
    const hover = await client.sendRequest(HoverRequest.type, {
      textDocument: {uri: uri('tool.def')},
      position: {line: 11, character: 14},
    })
    note('client: hover over "compilr"', hover)
    const value = textOf(hover)
    expect(value).toMatch(/^## copy-from-unknown-stage\n/)
    expect(value).toMatch(/Found in:\n\n```/)
  })

  it('that names a stage tells what it is, and leads to where it begins', async () => {
    await open('right.def', 'singularity', definition.replace('compilr', 'compiler'))
    const position = {line: 11, character: 14}
    const hover = await client.sendRequest(HoverRequest.type, {textDocument: {uri: uri('right.def')}, position})
    expect(textOf(hover)).toMatch(/stage.*compiler.*gcc:12.*final.*takes.*\/opt\/tool/s)
    const place = await client.sendRequest(DefinitionRequest.type, {textDocument: {uri: uri('right.def')}, position})
    expect(place).toMatchObject({uri: uri('right.def'), range: {start: {line: 2}}})
    note('client: definition of "compiler"', place)
    const symbols = await client.sendRequest(DocumentSymbolRequest.type, {textDocument: {uri: uri('right.def')}})
    expect(symbols?.map(each => each.name)).toEqual(['compiler', 'final'])
  })

  it('with a finding can be silenced by a comment', async () => {
    const text = 'FROM alpine AS spare\nFROM alpine\n'
    await open('spare.Dockerfile', 'dockerfile', text)
    const found = await findings(uri('spare.Dockerfile'), each => each.diagnostics.some(one => one.code === 'unused-stage'))
    const actions = await client.sendRequest(CodeActionRequest.type, {
      textDocument: {uri: uri('spare.Dockerfile')},
      range: {start: {line: 0, character: 0}, end: {line: 0, character: 0}},
      context: {diagnostics: found.filter(each => each.code === 'unused-stage')},
    })
    const [action] = actions ?? []
    if (action === undefined || !('edit' in action)) throw new Error('no action')
    const [edit] = action.edit?.changes?.[uri('spare.Dockerfile')] ?? []
    note('client: code actions', action)
    await change('spare.Dockerfile', 2, `${edit?.newText}${text}`)
    const after = await findings(uri('spare.Dockerfile'), each => each.version === 2)
    expect(after.map(each => each.code)).not.toContain('unused-stage')
  })
})

describe('a text', () => {
  it('is laid out as fmt does it; a Dockerfile is left alone', async () => {
    const rough = 'bootstrap:docker\nFrom:   alpine:3.20\n%files\na.txt    /a\n\n\n\n%post\n   true  \n'
    await open('rough.def', 'singularity', rough)
    const edits = await client.sendRequest(DocumentFormattingRequest.type, {
      textDocument: {uri: uri('rough.def')},
      options: {tabSize: 4, insertSpaces: true},
    })
    note('client: formatting', edits)
    work.write({'rough.def': rough})
    await execa(join(root, 'bin/sifstage'), ['fmt', 'rough.def'], {cwd: folder})
    expect(edits).toHaveLength(1)
    expect(edits?.[0]?.newText).toBe(readFileSync(join(folder, 'rough.def'), 'utf8'))
    await open('any.Dockerfile', 'dockerfile', 'from   alpine\n')
    const none = await client.sendRequest(DocumentFormattingRequest.type, {
      textDocument: {uri: uri('any.Dockerfile')},
      options: {tabSize: 4, insertSpaces: true},
    })
    expect(none).toEqual([])
  })
})

describe('the server', () => {
  it('lives through text of any kind, and answers afterwards', async () => {
    for (const [at, text] of ['', '\0', 'FROM', '%', 'sifstage: 1\nstages: [', '\ud800', 'FROM a\n'.repeat(2000)].entries()) {
      await open(`any-${at}.Dockerfile`, 'dockerfile', text)
      await findings(uri(`any-${at}.Dockerfile`))
    }
    await open('after.def', 'singularity', definition)
    expect(await findings(uri('after.def'), each => each.diagnostics.length > 0)).not.toEqual([])
  })

  it('ends with its editor', async () => {
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.stdin?.end()
    await ended
    expect(child.exitCode).not.toBeNull()
    expect(existsSync(join(folder, 'core'))).toBe(false)
  })
})

it('the session that the documentation shows is there', () => {
  if (!record) expect(readFileSync(join(root, 'docs/screens/lsp-session.txt'), 'utf8')).toContain('copy-from-unknown-stage')
})
