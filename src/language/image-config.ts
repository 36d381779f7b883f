/** Reads what an image says of how it runs (OCI image specification, config.md). */
import type {Base} from '../model/description.js'
import type {ImageConfig} from '../model/image-config.js'

/** BuildKit gives every image a PATH (K55). */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The configuration of an image that says nothing: `scratch`. */
const emptyConfig: ImageConfig = {
  env: new Map([['PATH', defaultPath]]),
  entrypoint: [],
  cmd: [],
  labels: new Map(),
  workdir: '',
  user: '',
  shell: undefined,
  onbuild: [],
  exposed: [],
  volumes: [],
  stopSignal: undefined,
}

/** What the image says that a stage starts from, where somebody looked it up. */
export function configOf(base: Base): ImageConfig | undefined {
  return base.kind === 'image' || base.kind === 'local' ? base.config : undefined
}

/** Whether a `user[:group]` of an image is root, as one without a user is. */
export function isRootUser(user: string): boolean {
  return /^(root|0)?(:(root|0))?$/.test(user)
}

/**
 * @param text the `config` object of an OCI image as JSON. A broken one counts as empty: the image itself is judged by the engine.
 */
export function parseImageConfig(text: string | undefined): ImageConfig {
  let config = new Map<string, unknown>()
  try {
    const parsed: unknown = text === undefined ? {} : JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null) config = new Map(Object.entries(parsed))
  } catch {
    return emptyConfig
  }
  const env = new Map([['PATH', defaultPath]])
  for (const pair of words(config.get('Env')) ?? []) {
    const equals = pair.indexOf('=')
    env.set(equals === -1 ? pair : pair.slice(0, equals), equals === -1 ? '' : pair.slice(equals + 1))
  }
  return {
    env,
    entrypoint: words(config.get('Entrypoint')) ?? [],
    cmd: words(config.get('Cmd')) ?? [],
    labels: new Map(entries(config.get('Labels')).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : []))),
    workdir: asText(config.get('WorkingDir')) ?? '',
    user: asText(config.get('User')) ?? '',
    shell: words(config.get('Shell')),
    onbuild: words(config.get('OnBuild')) ?? [],
    exposed: entries(config.get('ExposedPorts')).map(([name]) => name),
    volumes: entries(config.get('Volumes')).map(([name]) => name),
    stopSignal: asText(config.get('StopSignal')),
  }
}

function words(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every(each => typeof each === 'string') ? value : undefined
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function entries(value: unknown): readonly [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
}
