/**
 * The language server: findings as somebody types, completion, hover, where stages begin.
 * https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
 */
import {fileURLToPath} from 'node:url'
import {
  CodeActionKind,
  type Connection,
  createConnection,
  type InitializeParams,
  type InitializeResult,
  StreamMessageReader,
  StreamMessageWriter,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver/node'
import {TextDocument} from 'vscode-languageserver-textdocument'
import type {Description} from '../index.js'
import {completion} from './completion.js'
import {byFile, silencing} from './findings.js'
import {formatOf, type Judged, judge, laidOut, pathOf} from './judge.js'
import {definition, hover, symbols} from './lookups.js'

/** Milliseconds without typing after which a text is read again. */
const PAUSE = 120

interface Known extends Judged {
  readonly version: number
  /** The text as it could last be read. */
  readonly description: Description | undefined
}

class Server {
  readonly #documents = new TextDocuments(TextDocument)
  readonly #known = new Map<string, Known>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  /** Readings under way, by document: a question waits for the one of its text. */
  readonly #reading = new Map<string, Promise<void>>()
  /** The files that a document's findings were last told of. */
  readonly #told = new Map<string, readonly string[]>()
  #context: string | undefined

  constructor(
    private readonly connection: Connection,
    private readonly version: string,
  ) {}

  listen(): void {
    const {connection} = this
    connection.onInitialize(params => this.#initialize(params))
    this.#documents.onDidChangeContent(({document}) => this.#soon(document.uri))
    this.#documents.onDidClose(({document}) => this.#close(document.uri))
    connection.onDidChangeWatchedFiles(() => {
      for (const {uri} of this.#documents.all()) this.#soon(uri)
    })
    connection.onDidSaveTextDocument(() => {
      // Another text may take stages from it.
      for (const {uri} of this.#documents.all()) this.#soon(uri)
    })
    connection.onCompletion(({textDocument: {uri}, position}) =>
      this.#answer(uri, async document => {
        const format = formatOf(document, document.getText())
        return format === undefined ? [] : completion(document, format, position)
      }),
    )
    connection.onHover(({textDocument: {uri}, position}) =>
      this.#answer(uri, async () => {
        const known = await this.#current(uri)
        return known === undefined ? undefined : hover(pathOf(uri), position, known.diagnostics, known.input?.description)
      }),
    )
    connection.onDefinition(({textDocument: {uri}, position}) =>
      this.#answer(uri, async () => {
        const description = (await this.#current(uri))?.description
        return description === undefined ? undefined : definition(uri, pathOf(uri), position, description)
      }),
    )
    connection.onDocumentSymbol(({textDocument: {uri}}) =>
      this.#answer(uri, async () => {
        const description = (await this.#current(uri))?.description
        return description === undefined ? [] : symbols(pathOf(uri), description)
      }),
    )
    connection.onCodeAction(({textDocument: {uri}, context}) =>
      this.#answer(uri, async document => silencing(document, context.diagnostics)),
    )
    connection.onDocumentFormatting(({textDocument: {uri}}) =>
      this.#answer(uri, async document => {
        const format = formatOf(document, document.getText())
        const newText = format === undefined ? undefined : await laidOut(document, format)
        if (newText === undefined) return []
        const end = document.positionAt(document.getText().length)
        return [{range: {start: {line: 0, character: 0}, end}, newText}]
      }),
    )
    this.#documents.listen(connection)
    connection.listen()
  }

  #initialize({workspaceFolders, initializationOptions}: InitializeParams): InitializeResult {
    const [folder] = workspaceFolders ?? []
    // Settings files are looked for from the folder that is open.
    if (folder?.uri.startsWith('file:')) {
      try {
        process.chdir(fileURLToPath(folder.uri))
      } catch {
        // It is not there: settings are looked for from where the editor was started.
      }
    }
    const context: unknown = initializationOptions?.context
    if (typeof context === 'string' && context !== '') this.#context = context
    return {
      serverInfo: {name: 'sifstage', version: this.version},
      capabilities: {
        textDocumentSync: {openClose: true, change: TextDocumentSyncKind.Incremental, save: true},
        completionProvider: {triggerCharacters: ['=', '%', ' ', ':']},
        hoverProvider: true,
        definitionProvider: true,
        documentSymbolProvider: true,
        documentFormattingProvider: true,
        codeActionProvider: {codeActionKinds: [CodeActionKind.QuickFix]},
      },
    }
  }

  /** A question about a document; one that fails is the log's, and the server goes on. */
  async #answer<Result>(uri: string, work: (document: TextDocument) => Promise<Result>): Promise<Result | undefined> {
    const document = this.#documents.get(uri)
    if (document === undefined) return undefined
    try {
      return await work(document)
    } catch (error) {
      this.#log(error)
      return undefined
    }
  }

  #log(error: unknown): void {
    this.connection.console.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }

  #soon(uri: string): void {
    clearTimeout(this.#timers.get(uri))
    this.#timers.set(
      uri,
      setTimeout(() => {
        this.#timers.delete(uri)
        void this.#read(uri)
      }, PAUSE),
    )
  }

  /** What is known of the text as it is now. */
  async #current(uri: string): Promise<Known | undefined> {
    if (this.#known.get(uri)?.version !== this.#documents.get(uri)?.version) await this.#read(uri)
    return this.#known.get(uri)
  }

  /** Reads a text and tells what was found; one at a time for each. */
  #read(uri: string): Promise<void> {
    const before = this.#reading.get(uri) ?? Promise.resolve()
    const reading = before.then(() => this.#readNow(uri)).catch(error => this.#log(error))
    this.#reading.set(uri, reading)
    return reading
  }

  async #readNow(uri: string): Promise<void> {
    const document = this.#documents.get(uri)
    if (document === undefined) return
    const format = formatOf(document, document.getText())
    const {version} = document
    const judged = format === undefined ? {input: undefined, diagnostics: []} : await judge(document, format, this.#context)
    // It has changed meanwhile, and is read again.
    if (this.#documents.get(uri)?.version !== version) return
    const description = judged.input?.description ?? (format === undefined ? undefined : this.#known.get(uri)?.description)
    this.#known.set(uri, {...judged, version, description})
    await this.#tell(uri, judged, version)
  }

  async #tell(uri: string, {diagnostics}: Judged, version: number): Promise<void> {
    const found = byFile(uri, diagnostics)
    const gone = (this.#told.get(uri) ?? []).filter(each => !found.has(each))
    this.#told.set(uri, [...found.keys()])
    for (const [file, list] of found)
      await this.connection.sendDiagnostics({uri: file, diagnostics: list, ...(file === uri ? {version} : {})})
    for (const file of gone) await this.connection.sendDiagnostics({uri: file, diagnostics: []})
  }

  #close(uri: string): void {
    clearTimeout(this.#timers.get(uri))
    this.#timers.delete(uri)
    this.#known.delete(uri)
    for (const file of this.#told.get(uri) ?? []) void this.connection.sendDiagnostics({uri: file, diagnostics: []})
    this.#told.delete(uri)
  }
}

/** Serves until the editor says that it is done, or goes away. */
export async function serve(version: string): Promise<void> {
  const connection = createConnection(new StreamMessageReader(process.stdin), new StreamMessageWriter(process.stdout))
  const ended = new Promise<void>(resolve => {
    connection.onExit(() => resolve())
    process.stdin.once('end', () => resolve())
  })
  new Server(connection, version).listen()
  await ended
  connection.dispose()
  // It watches over the editor's process by a timer, which would keep us.
  process.exit()
}
