/**
 * Docker with BuildKit, by `docker buildx build`. A stage is a build of its own: what it needs of others is named to it
 * as images, and it ends as an image of the daemon. BuildKit keeps its own cache of layers and of cache mounts.
 */
import type {ImageEngineFacts} from '../model/engines.js'
import type {ImageEngine, ImageWork, StageScript} from '../model/ports.js'
import {explainDocker, isBuildKitNoise} from './docker-errors.js'
import {instructionDoing} from './doing.js'
import {containerShell, imageFiles, unknownOptions} from './image-files.js'

export function dockerEngine({path, builder}: ImageEngineFacts): ImageEngine {
  function script(work: ImageWork): StageScript {
    const {dockerfile, files, folders, contexts} = imageFiles(work)
    const flags = [
      '--progress=plain',
      ...(builder === undefined ? [] : [`--builder=${builder}`]),
      // With them, the same build has another digest each time.
      '--provenance=false',
      '--sbom=false',
      ...(work.isForeign ? [`--platform=linux/${work.architecture}`] : []),
      ...(work.noCache ? ['--no-cache'] : []),
      ...[...work.contexts].flatMap(([name, image]) => ['--build-context', `${name}=docker-image://${image}`]),
      ...contexts.flatMap(each => ['--build-context', each]),
      ...work.secretIds.flatMap(id => ['--secret', `id=${id},src=${work.secrets?.given ?? ''}/${id}`]),
      ...work.layers.from.flatMap(ref => ['--cache-from', `type=registry,ref=${ref}`]),
      ...layersTo(work),
      ...work.options.extra,
    ]
    return {
      folders,
      files,
      commands: [
        {
          kind: 'caller',
          title: 'build',
          argv: [path, 'buildx', 'build', ...flags, '--load', '--tag', work.image, '--file', dockerfile, work.cwd],
          cwd: work.cwd,
          env: {BUILDKIT_PROGRESS: 'plain', BUILDX_NO_DEFAULT_ATTESTATIONS: '1'},
        },
      ],
    }
  }

  return {
    kind: 'image',
    name: 'docker',
    generation: 1,
    script,
    shell: (image, terminal) => [path, ...containerShell(image, terminal)],
    heredocs: true,
    unknownOptions,
    isNoise: isBuildKitNoise,
    doing: instructionDoing,
    explain: explainDocker,
  }
}

/** Where the layers of the steps go: all of them by themselves, or those of the image in it. */
function layersTo({layers: {to}}: ImageWork): string[] {
  if (to === undefined) return []
  return ['--cache-to', to === 'inline' ? 'type=inline' : `type=registry,ref=${to},mode=max`]
}
