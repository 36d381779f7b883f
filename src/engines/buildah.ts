/**
 * buildah, and podman, whose `build` is buildah's. Both keep images in the storage of the user that they run as, and
 * each stage is a build of its own, which names the images of earlier ones. They cache by step (`--layers`).
 */
import type {ImageEngineFacts} from '../model/engines.js'
import type {ImageEngine, ImageWork, StageScript} from '../model/ports.js'
import {explainContainers, isContainersNoise} from './containers-errors.js'
import {instructionDoing} from './doing.js'
import {containerShell, imageFiles, unknownOptions} from './image-files.js'

export function buildahEngine({name, path, isolation, heredocs}: ImageEngineFacts): ImageEngine {
  function script(work: ImageWork): StageScript {
    const {dockerfile, ignore, files, folders, contexts} = imageFiles(work)
    const {parent} = work.dockerfile
    const base = parent === undefined ? undefined : work.contexts.get(parent.name)
    const flags = [
      '--layers',
      '--force-rm',
      // No label of its own in the image.
      '--identity-label=false',
      '--format=oci',
      ...(isolation === 'chroot' ? ['--isolation=chroot'] : []),
      `--ignorefile=${ignore}`,
      ...(work.isForeign ? [`--platform=linux/${work.architecture}`] : []),
      ...(work.noCache ? ['--no-cache'] : []),
      ...(work.options.noHttps ? ['--tls-verify=false'] : []),
      ...[...work.contexts].flatMap(([context, image]) => ['--build-context', `${context}=docker-image://${image}`]),
      // It looks for what FROM names before it looks at the contexts.
      ...(parent === undefined || base === undefined ? [] : ['--build-arg', `${parent.argument}=${base}`]),
      ...contexts.flatMap(each => ['--build-context', each]),
      ...work.secretIds.flatMap(id => ['--secret', `id=${id},src=${work.secrets?.given ?? ''}/${id}`]),
      // By step, each under a tag of its own: the repository alone is named.
      ...[...new Set(work.layers.from.map(repositoryOf))].flatMap(ref => ['--cache-from', ref]),
      ...(work.layers.to === undefined || work.layers.to === 'inline' ? [] : ['--cache-to', repositoryOf(work.layers.to)]),
      ...work.options.extra,
    ]
    return {
      folders,
      files,
      commands: [
        {
          kind: 'engine',
          title: 'build',
          argv: [path, 'build', ...flags, '--tag', work.image, '--file', dockerfile, work.cwd],
          cwd: work.cwd,
          env: {},
        },
      ],
    }
  }

  return {
    kind: 'image',
    name,
    generation: 1,
    script,
    shell: (image, terminal) =>
      name === 'podman'
        ? [path, ...containerShell(image, terminal)]
        : ['sh', '-c', inContainer(isolation), path, image, ...(terminal ? ['--terminal'] : [])],
    heredocs,
    unknownOptions,
    isNoise: isContainersNoise,
    doing: instructionDoing,
    explain: explainContainers,
  }
}

function repositoryOf(reference: string): string {
  return reference.replace(/:[^:/]*$/, '')
}

/** buildah has no containers for running: a working one, removed at the end. */
function inContainer(isolation: ImageEngineFacts['isolation']): string {
  const how = isolation === 'chroot' ? ' --isolation=chroot' : ''
  return `c=$("$0" from --pull-never "$1") || exit; shift; "$0" run${how} "$@" "$c" -- /bin/sh; s=$?; "$0" rm "$c" >/dev/null; exit $s`
}
