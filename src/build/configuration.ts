/**
 * The OCI configuration of a stage of docker's rules: what BuildKit writes for it (K54, K56, K76, K121–K127), over that of its
 * base. What the base has and we do not know stays.
 */
import {nanoseconds} from '../language/durations.js'
import {defaultPath} from '../language/image-config.js'
import {absolutePath} from '../language/paths.js'
import {commandWords} from '../language/runscript.js'
import {fillTemplate} from '../language/templates.js'
import type {Healthcheck, Settings, Stage} from '../model/description.js'
import type {Fill} from './variables.js'

/** `config` of an OCI image configuration. */
export type RunConfig = Record<string, unknown>

export interface Configuration {
  readonly config: RunConfig
  readonly author: string | undefined
}

/** The order in which Go writes them; what a base has besides follows. */
const ORDER = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'ArgsEscaped',
  'Healthcheck',
  'OnBuild',
  'Shell',
]

/** Reads `config` of a base as it is; what is no object counts as empty. */
export function readConfig(text: string | undefined): RunConfig {
  try {
    return record(JSON.parse(text ?? '{}'))
  } catch {
    return {}
  }
}

function record(value: unknown): RunConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? {...value} : {}
}

/** The variables of a configuration, in their order. */
export function variablesOf(config: RunConfig): Map<string, string> {
  const list: readonly unknown[] = Array.isArray(config['Env']) ? config['Env'] : []
  const env = new Map<string, string>()
  for (const pair of list) {
    const [name = '', ...rest] = String(pair).split('=')
    env.set(name, rest.join('='))
  }
  // BuildKit gives every image a PATH (K55).
  if (!env.has('PATH')) env.set('PATH', defaultPath)
  return env
}

/** A configuration without what is empty, in the usual order. */
export function inOrder(config: RunConfig): RunConfig {
  const names = [...ORDER, ...Object.keys(config).filter(name => !ORDER.includes(name))]
  return Object.fromEntries(names.map(name => [name, config[name]] as const).filter(([, value]) => !isEmpty(value)))
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === undefined || value === null || value === '' || value === false
}

export function pairs(variables: ReadonlyMap<string, string>): string[] {
  return [...variables].map(([name, value]) => `${name}=${value}`)
}

/**
 * What a chain of stages comes to.
 * @param chain the stage with those it builds upon, oldest first
 * @param base `config` of the image that the oldest starts from
 */
export function configurationOf(chain: readonly Stage[], base: RunConfig): Configuration {
  const isScratch = chain[0]?.base.kind === 'scratch'
  const config: RunConfig = {...(isScratch ? {WorkingDir: '/'} : {}), ...base}
  const env = variablesOf(base)
  // What a template leaves open is a variable of the base image, as it was before any step.
  const before = new Map(env)
  const fill: Fill = template => fillTemplate(template, before)
  let author: string | undefined
  for (const {steps, settings} of chain) {
    // Triggers fire once (K77): what stands on this image has run them.
    config['OnBuild'] = settings.onbuild?.map(({value}) => value)
    for (const step of steps) {
      if (step.kind === 'env') {
        const values = step.variables.map(({name, value}) => [name, fill(value)] as const)
        for (const [name, value] of values) env.set(name, value)
      } else if (step.kind === 'workdir') {
        config['WorkingDir'] = absolutePath(String(config['WorkingDir'] || '/'), fill(step.path))
      } else if (step.kind === 'user') config['User'] = fill(step.user)
    }
    for (const {name, value} of settings.env ?? []) env.set(name, fill(value))
    applySettings(config, settings, fill)
    author = settings.maintainer?.value ?? author
  }
  return {config: inOrder({...config, Env: pairs(env)}), author}
}

function applySettings(config: RunConfig, settings: Settings, fill: Fill): void {
  const add = (name: string, keys: readonly string[]) => {
    config[name] = {...record(config[name]), ...Object.fromEntries(keys.map(key => [key, {}]))}
  }
  const {labels, entrypoint, cmd, shell, expose, volumes, stopSignal, healthcheck} = settings
  if (labels !== undefined)
    config['Labels'] = {
      ...record(config['Labels']),
      ...Object.fromEntries(labels.map(({name, value}) => [name, fill(value)])),
    }
  if (entrypoint !== undefined) {
    config['Entrypoint'] = commandWords(entrypoint.value)
    // ENTRYPOINT drops a CMD that came from the base or the parent (K123).
    config['Cmd'] = undefined
  }
  if (cmd !== undefined) {
    config['Cmd'] = commandWords(cmd.value)
    config['ArgsEscaped'] = true
  }
  if (shell !== undefined) config['Shell'] = shell.value
  if (expose !== undefined)
    add(
      'ExposedPorts',
      expose.flatMap(({value}) => fill(value).split(/\s+/).filter(Boolean).flatMap(ports)),
    )
  if (volumes !== undefined)
    add(
      'Volumes',
      volumes.map(({value}) => fill(value)),
    )
  if (stopSignal !== undefined) config['StopSignal'] = fill(stopSignal.value)
  if (healthcheck !== undefined) config['Healthcheck'] = healthConfig(healthcheck.value)
}

/** `[ip:][hostPort:]port[-port][/protocol]`, each port by itself; of the machine's side an image says nothing. */
function ports(text: string): string[] {
  const [all = '', protocol] = text.split('/')
  const [first = '', last = first] = all.slice(all.lastIndexOf(':') + 1).split('-')
  const found: string[] = []
  for (let port = Number(first); port <= Number(last); port += 1) found.push(`${port}/${(protocol || 'tcp').toLowerCase()}`)
  return found
}

function healthConfig(check: Healthcheck): RunConfig {
  if (check.kind === 'none') return {Test: ['NONE']}
  const {command} = check
  const test = command.kind === 'exec' ? ['CMD', ...command.argv] : ['CMD-SHELL', command.text]
  const times = {
    Interval: check.interval,
    Timeout: check.timeout,
    StartPeriod: check.startPeriod,
    StartInterval: check.startInterval,
  }
  const values = Object.entries(times).map(([name, time]) => [name, time === undefined ? 0 : nanoseconds(time)] as const)
  return {
    Test: test,
    ...Object.fromEntries(values.filter(([, value]) => value !== 0)),
    ...(check.retries ? {Retries: check.retries} : {}),
  }
}
