import type {Check} from '../model/check.js'
import type {CopySource, CopyStep, Stage} from '../model/description.js'
import {showTemplate} from '../model/template.js'
import {artifactPath} from '../plan/graph.js'
import {diagnostic, quoted, stageCopies} from './finding.js'

export const artifactUnderTmp: Check = {
  name: 'artifact-under-tmp',
  severity: 'warning',
  summary: 'A copy takes a path that does not belong to the image of its stage.',
  why: 'During %post Apptainer lays the folders /tmp and /var/tmp of the machine over those of the image (D71, D72): what is written there is never part of the image, and a later stage finds nothing. /proc, /sys and /dev are empty in every image.',
  bad: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: alpine\nStage: build\n%post\n  touch /tmp/hello\n\nBootstrap: docker\nFrom: alpine\n%files from build\n  /tmp/hello /bin/hello\n',
    },
    {format: 'dockerfile', text: 'FROM alpine AS build\nFROM alpine\nCOPY --from=build /proc/cpuinfo /x\n'},
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: alpine\nStage: build\n%files\n  /etc/hosts /tmp/hello\n\nBootstrap: docker\nFrom: alpine\n%files from build\n  /tmp/hello /bin/hello\n',
    },
    {format: 'dockerfile', text: 'FROM alpine AS build\nRUN touch /tmp/hello\nFROM alpine\nCOPY --from=build /tmp/hello /bin/\n'},
  ],
  find: description =>
    [...stageCopies(description)].flatMap(({stage, step, from}) => {
      const origin = from.index === undefined ? undefined : description.stages[from.index]
      if (origin === undefined || origin === stage) return []
      return step.sources.flatMap(source => {
        const folder = lostFolder(origin, source)
        if (folder === undefined) return []
        const temporary = folder.endsWith('tmp')
        return diagnostic(artifactUnderTmp, {
          span: source.span,
          stage,
          message: temporary
            ? `${quoted(artifactPath(source))} lies under ${folder}, where %post of stage ${quoted(origin.name)} writes to a folder of the machine that builds, not to the image: there will be nothing to copy.`
            : `${quoted(artifactPath(source))} lies under ${folder}, which is empty in the image of stage ${quoted(origin.name)}.`,
          hint: temporary
            ? `Let stage ${quoted(origin.name)} put it elsewhere, for example under /opt.`
            : 'Write what you need to a file of the image, and copy that.',
        })
      })
    }),
}

function lostFolder(origin: Stage, source: CopySource): string | undefined {
  const path = artifactPath(source)
  const folder = ['/tmp', '/var/tmp', '/proc', '/sys', '/dev'].find(one => path === one || path.startsWith(`${one}/`))
  if (folder === undefined) return undefined
  if (!folder.endsWith('tmp')) return folder
  // A docker step runs on the image's own /tmp (K117), and a file that a copy puts there stays in the image (D72).
  return origin.rules === 'docker' || origin.steps.some(step => step.kind === 'copy' && goesUnder(step, folder))
    ? undefined
    : folder
}

function goesUnder(step: CopyStep, folder: string): boolean {
  const places = step.destination === undefined ? step.sources.map(source => source.path) : [step.destination.path]
  return places.some(place => {
    const path = `/${showTemplate(place)}/`.replaceAll(/\/+/g, '/')
    return path === '/' || path.startsWith(`${folder}/`)
  })
}
