/** Commands of build scripts that say which image a file makes, and what is carried from one to another by hand. */

import {cleanPath, joinWritten} from '../language/paths.js'
import type {ShellArgument} from '../language/shell-walk.js'

/** A `docker build`, or an `apptainer build`. */
export interface BuildCommand {
  readonly kind: 'build'
  /** Names of the image; one whose version or registry is a variable is without. */
  readonly tags: readonly string[]
  /** The file and the context as written; undefined when they cannot be told. */
  readonly file: string | undefined
  readonly context: string | undefined
  readonly args: ReadonlyMap<string, string>
}

/** `docker create --name NAME IMAGE`, or `docker run`. */
export interface ContainerCommand {
  readonly kind: 'container'
  readonly name: string
  readonly image: string
}

/** `docker cp CONTAINER:PATH TO`. */
export interface HostCopyCommand {
  readonly kind: 'host-copy'
  /** Undefined when it is a variable. */
  readonly container: string | undefined
  readonly path: string
  readonly to: string
}

export type ImageCommand = BuildCommand | ContainerCommand | HostCopyCommand

const dockers = new Set(['docker', 'podman', 'buildah', 'nerdctl'])
const apptainers = new Set(['apptainer', 'singularity'])

/** Options of all these programs that take a value as a word of its own. */
const withValue = new Set(
  [
    '-t --tag -f --file --build-arg --network --platform --label --annotation --cache-from --cache-to --secret --ssh -o',
    '--output --progress --build-context --add-host --iidfile --memory -m --memory-swap --shm-size --ulimit --isolation',
    '--builder --attest --metadata-file --format --name --hostname -h --user -u --env -e --volume -v --workdir -w',
    '--entrypoint --mount --target --authfile --runtime --cpuset-cpus --cpu-shares -c --bind -B --build-arg-file',
    '--mksquashfs-args --docker-username --docker-password --arch --library --section --device --publish -p',
  ].flatMap(line => line.split(' ')),
)

interface Options {
  readonly values: ReadonlyMap<string, readonly ShellArgument[]>
  readonly words: readonly ShellArgument[]
}

/** Undefined for a command that says nothing of images. */
export function imageCommand(argv: readonly ShellArgument[], program: string | undefined): ImageCommand | undefined {
  if (program === undefined) return undefined
  const words = argv.slice(1)
  if (apptainers.has(program)) return apptainerBuild(words)
  if (!dockers.has(program)) return undefined
  const verbs = words.slice(0, 2).map(word => word.value)
  const skip = verbs[0] === 'buildx' || verbs[0] === 'image' || verbs[0] === 'container' ? 1 : 0
  const rest = words.slice(skip + 1)
  switch (verbs[skip]) {
    case 'build':
    case 'bud':
    case 'b':
      return dockerBuild(rest)
    case 'create':
    case 'run':
      return container(rest)
    case 'cp':
      return hostCopy(rest)
    default:
      return undefined
  }
}

function optionsOf(words: readonly ShellArgument[]): Options {
  const values = new Map<string, ShellArgument[]>()
  const plain: ShellArgument[] = []
  const add = (name: string, value: ShellArgument) => values.set(name, [...(values.get(name) ?? []), value])
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]
    if (word === undefined) break
    const {raw} = word
    if (!raw.startsWith('-') || raw === '-') {
      plain.push(word)
      continue
    }
    const equals = /^(--[\w-]+)=/.exec(raw)
    if (equals?.[1] !== undefined) {
      const length = equals[0].length
      add(equals[1], {...word, raw: raw.slice(length), value: word.value?.slice(length)})
      continue
    }
    const next = words[at + 1]
    if (withValue.has(raw) && next !== undefined) {
      add(raw, next)
      at += 1
    }
  }
  return {values, words: plain}
}

function dockerBuild(words: readonly ShellArgument[]): BuildCommand | undefined {
  const {values, words: plain} = optionsOf(words)
  // Another stage than the last is no image that the file makes as a whole.
  if (values.has('--target')) return undefined
  const of = (...names: string[]) => names.flatMap(name => values.get(name) ?? [])
  const context = plain.at(-1)?.value
  const named = of('-f', '--file').at(-1)
  const file = named === undefined ? (context === undefined ? undefined : joinWritten(context, 'Dockerfile')) : named.value
  const tags = of('-t', '--tag').flatMap(word => tagOf(word) ?? [])
  const args = of('--build-arg').flatMap(({value}): [string, string][] => {
    const equals = value?.indexOf('=') ?? -1
    return value === undefined || equals < 1 ? [] : [[value.slice(0, equals), value.slice(equals + 1)]]
  })
  return {kind: 'build', tags, file, context, args: new Map(args)}
}

function apptainerBuild(words: readonly ShellArgument[]): BuildCommand | undefined {
  const at = words.findIndex(word => word.value === 'build')
  if (at === -1) return undefined
  const [image, file] = optionsOf(words.slice(at + 1)).words
  if (image?.value === undefined || file?.value === undefined) return undefined
  return {kind: 'build', tags: [image.value], file: file.value, context: undefined, args: new Map()}
}

/** The name as far as it is known: `$REGISTRY/app:$VERSION` is `app`. */
function tagOf({value, raw}: ShellArgument): string | undefined {
  if (value !== undefined) return value === '' ? undefined : value
  return /^["']?(?:\$(?:\w+|\{\w+[^}]*\})\/)*([\w.-]+(?:\/[\w.-]+)*)(?::[^/]*)?["']?$/.exec(raw)?.[1]
}

function container(words: readonly ShellArgument[]): ContainerCommand | undefined {
  const {values, words: plain} = optionsOf(words)
  const name = values.get('--name')?.at(-1)?.value
  const image = plain[0] === undefined ? undefined : tagOf(plain[0])
  return name === undefined || image === undefined ? undefined : {kind: 'container', name, image}
}

function hostCopy(words: readonly ShellArgument[]): HostCopyCommand | undefined {
  const [from, to] = optionsOf(words).words
  if (from === undefined || to?.value === undefined) return undefined
  const known = /^([\w.-]+):(\/.*)$/s.exec(from.value ?? '')
  const path = known?.[2] ?? /^["']?\$[^:]*:(\/[^"'\s$]+)["']?$/.exec(from.raw)?.[1]
  if (path === undefined) return undefined
  return {kind: 'host-copy', container: known?.[1], path: cleanPath(path), to: to.value}
}
