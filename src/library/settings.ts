/** Settings from files: the project's `sifstage.config.yaml` and the user's (design section 3). */
import {existsSync, readFileSync} from 'node:fs'
import {homedir} from 'node:os'
import {dirname, join, resolve} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import {fileTrouble} from '../system/files.js'

export interface Settings {
  /** REF to REPLACEMENT; a relative path starts at the file's folder. */
  readonly bases: readonly {
    readonly reference: string
    readonly replacement: string
    readonly folder: string
    readonly file: string
  }[]
  readonly cacheDir?: string
  /** What the store may take, as it is written: `20GB`. */
  readonly cacheSize?: string
  /** Stores behind our own, in their order: folders, or `oras://…`. */
  readonly storeFrom?: readonly string[]
  readonly storeTo?: string
  /** Public keys of signers who are believed. */
  readonly storeTrust?: readonly string[]
  readonly engine?: string
  readonly runAs?: string
  readonly jobs?: number
  /** Patterns of libraries that the machine brings at run time. */
  readonly runtimeLibraries?: readonly string[]
}

const PROJECT_FILE = 'sifstage.config.yaml'

/** The nearest project file in the folder or above it. */
function projectFile(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, PROJECT_FILE)
    if (existsSync(file)) return file
    if (dirname(at) === at) return undefined
  }
}

async function readSettings(file: string): Promise<Settings> {
  const [{parse}, {z}] = await Promise.all([import('yaml'), import('zod')])
  const schema = z.strictObject({
    bases: z.record(z.string(), z.string()).optional(),
    'cache-dir': z.string().optional(),
    'cache-size': z.string().optional(),
    'store-from': z.union([z.string(), z.array(z.string())]).optional(),
    'store-to': z.string().optional(),
    'store-trust': z.union([z.string(), z.array(z.string())]).optional(),
    engine: z.string().optional(),
    'run-as': z.string().optional(),
    jobs: z.int().min(1).optional(),
    'runtime-libraries': z.array(z.string()).optional(),
  })
  let value: unknown
  try {
    value = parse(readFileSync(file, 'utf8')) ?? {}
  } catch (error) {
    throw new SifstageError(ExitCode.usage, `the settings in ${file} cannot be read: ${fileTrouble(error)}`, undefined, {
      cause: error,
    })
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new SifstageError(
      ExitCode.usage,
      `${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'is not as it should be'}`,
      'It may hold: bases, cache-dir, cache-size, store-from, store-to, store-trust, engine, run-as, jobs, runtime-libraries.',
    )
  }
  const {
    bases,
    'cache-dir': cacheDir,
    'cache-size': cacheSize,
    engine,
    'run-as': runAs,
    jobs,
    'runtime-libraries': runtimeLibraries,
  } = parsed.data
  const folder = dirname(file)
  const place = (text: string) => (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : resolve(folder, text))
  const {'store-from': storeFrom, 'store-to': storeTo, 'store-trust': storeTrust} = parsed.data
  return {
    bases: Object.entries(bases ?? {}).map(([reference, replacement]) => ({reference, replacement, folder, file})),
    ...(cacheDir === undefined ? {} : {cacheDir: resolve(folder, cacheDir)}),
    ...(cacheSize === undefined ? {} : {cacheSize}),
    ...(storeFrom === undefined ? {} : {storeFrom: [storeFrom].flat().map(place)}),
    ...(storeTo === undefined ? {} : {storeTo: place(storeTo)}),
    ...(storeTrust === undefined ? {} : {storeTrust: [storeTrust].flat()}),
    ...(engine === undefined ? {} : {engine}),
    ...(runAs === undefined ? {} : {runAs}),
    ...(jobs === undefined ? {} : {jobs}),
    ...(runtimeLibraries === undefined ? {} : {runtimeLibraries}),
  }
}

/**
 * The project's settings over the user's.
 * @throws SifstageError (2) for a file that is not as it should be
 */
export async function loadSettings(folder: string, environment: NodeJS.ProcessEnv): Promise<Settings> {
  const user = join(
    environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? homedir(), '.config'),
    'sifstage',
    'config.yaml',
  )
  const files = [projectFile(folder), existsSync(user) ? user : undefined].filter(file => file !== undefined)
  if (files.length === 0) return {bases: []}
  const [first = {bases: []}, second = {bases: []}] = await Promise.all(files.map(readSettings))
  return {...second, ...first, bases: [...first.bases, ...second.bases]}
}
