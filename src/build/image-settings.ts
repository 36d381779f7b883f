/**
 * How an image runs that leaves Apptainer's world: its OCI configuration, what of Apptainer's own files goes along, and
 * what is lost. A stage of docker's rules is what BuildKit makes of it. One of a definition file, and whatever stands on an
 * image of Apptainer's, runs as Apptainer runs it: what the engine says of the finished image counts.
 */
import {engineFiles} from '../language/engine-files.js'
import {plainExports} from '../language/plain-exports.js'
import {chainOf} from '../language/stages.js'
import {fillTemplate} from '../language/templates.js'
import type {Base, Description, Stage} from '../model/description.js'
import type {ImageTree} from '../model/image.js'
import type {Operation} from '../model/operations.js'
import {type Configuration, configurationOf, inOrder, pairs, type RunConfig, readConfig, variablesOf} from './configuration.js'

export interface ImageSettings extends Configuration {
  /** Files that it starts with, to be written into its tree. */
  readonly files: readonly Operation[]
  /** Paths that stay behind. */
  readonly leaveOut: readonly string[]
  /** What the image cannot carry, for the person. */
  readonly notes: readonly string[]
}

export interface SettingsSource {
  readonly description: Description
  readonly stage: Stage
  /** `config` of the image that the oldest stage starts from, as JSON text; undefined where nobody knows it. */
  readonly baseConfig: string | undefined
  /** The engine's account of the finished image (`inspect --json`). */
  readonly inspect: string | undefined
  readonly tree: ImageTree
}

/** In Apptainer's own folder, under names that Apptainer does not use: it would write over its own. */
const FOLDER = '/.singularity.d/docker'
/** What sets variables when an image starts, in its order (D111), and what a base's configuration says better (D113). */
const SCRIPTS = ['10-docker2singularity.sh', '90-environment.sh', '91-environment.sh'] as const
/** Labels that Apptainer gives every image that it makes (D120). */
const ITS_LABELS = /^org\.label-schema\.(schema-version|build-date|build-arch|usage(\..*)?)$/

/** Whether Apptainer makes an image of its own kind of it, which docker's words say in full. */
export function isForeign(base: Base | undefined): boolean {
  if (base?.kind === 'image') return base.reference.transport === 'docker' || base.reference.transport === 'docker-daemon'
  return base?.kind === 'scratch' || (base?.kind === 'local' && base.reference.agent !== 'localimage')
}

export function settingsOf(source: SettingsSource): ImageSettings {
  const {description, stage, tree} = source
  const chain = chainOf(description, stage)
  const base = readConfig(source.baseConfig)
  const said = configurationOf(chain, base)
  const notes = lost(chain)
  const leaveOut = enginesOwn(tree)
  const own = chain.every(({rules, settings}) => rules === 'docker' && settings.runscript === undefined)
  if (own && isForeign(chain[0]?.base)) return {...said, files: [], leaveOut, notes}

  const account = readAccount(source.inspect)
  const {env, scripts} = environmentOf(account, chain, source.baseConfig === undefined ? undefined : variablesOf(base))
  const labels = Object.fromEntries(Object.entries(account.labels).filter(([name]) => !ITS_LABELS.test(name)))
  // D112: Apptainer starts an image as its caller and in the caller's folder; a stage of docker's rules says it itself.
  const place = own ? {} : {User: '', WorkingDir: '/', ...ownPlace(chain)}
  const config: RunConfig = {...said.config, Env: pairs(env), Labels: {...record(said.config['Labels']), ...labels}, ...place}
  const start = startOf(source, chain, account, config)
  if (scripts.length === 0 && start.script === undefined)
    return {
      config: inOrder(config),
      author: said.author,
      files: [],
      leaveOut: own ? leaveOut : [],
      notes,
    }
  const runs = start.script === undefined ? start.argv : [`${FOLDER}/runscript`]
  const files: Operation[] = []
  if (start.script !== undefined) files.push({op: 'write', path: `${FOLDER}/runscript`, text: `${start.script}\n`, mode: 0o755})
  for (const {name, text} of scripts) files.push({op: 'write', path: `${FOLDER}/${name}`, text: `${text}\n`, mode: 0o644})
  if (scripts.length > 0) files.push({op: 'write', path: `${FOLDER}/start`, text: starter(start), mode: 0o755})
  return {
    config: inOrder({...config, Entrypoint: scripts.length > 0 ? [`${FOLDER}/start`, ...runs] : runs, Cmd: start.cmd}),
    author: said.author,
    files,
    leaveOut: [],
    notes: [
      ...notes,
      ...(scripts.length === 0
        ? []
        : ['its environment is worked out when it starts: `docker exec` and `docker run --entrypoint` do not have all of it']),
    ],
  }
}

/** Sets the variables that only a shell can work out, as Apptainer does before it runs anything. */
function starter({script, argv, cmd}: Start): string {
  return [
    '#!/bin/sh',
    ...(script === undefined && argv.length === 0 && cmd === undefined ? ['[ $# -gt 0 ] || set -- /bin/sh'] : []),
    `for file in ${FOLDER}/[0-9]*.sh; do . "$file"; done`,
    'exec "$@"',
    '',
  ].join('\n')
}

interface Start {
  /** Text of the run script, where that is what runs. */
  readonly script: string | undefined
  readonly argv: readonly string[]
  readonly cmd: unknown
}

/** A run script of Apptainer's; else what docker's words say, the base's included. */
function startOf({baseConfig, stage}: SettingsSource, chain: readonly Stage[], account: Account, config: RunConfig): Start {
  const {Entrypoint: entrypoint, Cmd: cmd} = config
  const argv = Array.isArray(entrypoint) ? entrypoint.map(String) : []
  const last = chain.findLast(({settings}) => settings.runscript ?? settings.entrypoint ?? settings.cmd)
  const known = last === undefined ? isForeign(chain[0]?.base) && baseConfig !== undefined : last.settings.runscript === undefined
  // CMD alone goes on from an ENTRYPOINT that only the engine's script knows.
  const whole = argv.length > 0 || isForeign(chain[0]?.base) || stage.base.kind === 'scratch'
  if (account.runscript === undefined || (known && whole)) return {script: undefined, argv, cmd}
  return {script: account.runscript, argv: [], cmd: undefined}
}

/** What stages of docker's rules say of user and folder, where one of a definition file is among them. */
function ownPlace(chain: readonly Stage[]): RunConfig {
  const {config} = configurationOf(chain.slice(chain.findLastIndex(({rules}) => rules === 'def') + 1), {})
  return Object.fromEntries(['User', 'WorkingDir'].flatMap(name => (config[name] === undefined ? [] : [[name, config[name]]])))
}

interface Account {
  readonly environment: Readonly<Record<string, unknown>>
  readonly labels: Readonly<Record<string, unknown>>
  readonly runscript: string | undefined
}

function readAccount(inspect: string | undefined): Account {
  const attributes = record(record(readConfig(inspect)['data'])['attributes'])
  const script = attributes['runscript']
  return {
    environment: record(attributes['environment']),
    labels: record(attributes['labels']),
    runscript: typeof script === 'string' && script.trim() !== '' ? script : undefined,
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? {...value} : {}
}

/**
 * Variables of the finished image: all of them, where its scripts do nothing but set some; else as far as that goes, and the
 * scripts that have to run when it starts.
 * @param base variables of the base's configuration, where that is known
 */
function environmentOf(
  {environment}: Account,
  chain: readonly Stage[],
  base: ReadonlyMap<string, string> | undefined,
): {readonly env: ReadonlyMap<string, string>; readonly scripts: readonly {readonly name: string; readonly text: string}[]} {
  const isKnown = base !== undefined && isForeign(chain[0]?.base)
  const scripts = SCRIPTS.filter(name => !(isKnown && name === SCRIPTS[0])).flatMap(name => {
    const text = environment[`/.singularity.d/env/${name}`]
    return typeof text === 'string' ? [{name, text}] : []
  })
  const env = new Map(base ?? variablesOf({}))
  const exports = plainExports(scripts.map(({text}) => text).join('\n'))
  if (exports.kind === 'exports') {
    const before = new Map(env)
    for (const {name, value} of exports.variables) env.set(name, fillTemplate(value, before))
    return {env, scripts: []}
  }
  return {env, scripts}
}

/** The engine's own files, which are there whatever the image is; a file of that name of the image's own stays. */
function enginesOwn(tree: ImageTree): string[] {
  return engineFiles
    .map(name => `/${name}`)
    .filter(path => {
      const entry = tree.lookup(path)
      if (path === '/.singularity.d') return entry?.kind === 'directory'
      return entry?.kind === 'symlink' && entry.link?.startsWith('.singularity.d/') === true
    })
}

/** What docker has no place for. */
function lost(chain: readonly Stage[]): string[] {
  const names = new Set<string>()
  for (const {settings, definition} of chain) {
    if (settings.startscript !== undefined) names.add('%startscript')
    if (settings.test !== undefined) names.add('%test')
    if (settings.help !== undefined) names.add('%help')
    if (definition?.sections.some(({name}) => name.startsWith('app'))) names.add('apps')
  }
  return names.size === 0 ? [] : [`an image of docker's kind has no ${[...names].join(', no ')}: docker looks at none of it`]
}
