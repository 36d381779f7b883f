import type {Check} from '../../model/check.js'
import {resolveTarget} from '../../plan/graph.js'
import {diagnostic, listed} from '../finding.js'
import {commandSpan, placeIn, stageScript} from '../scripts.js'

const tools =
  /^(build-essential|build-base|gcc(-\d+)?|g\+\+(-\d+)?|gcc-c\+\+|gfortran|gcc-gfortran|clang|make|cmake|autoconf|automake|ninja-build|meson|bison|flex|golang(-go)?|cargo|rustc|[a-z0-9+.-]+-(dev|devel))$/

export const buildToolsInTarget: Check = {
  name: 'build-tools-in-target',
  severity: 'info',
  summary: 'The image that is made holds compilers or headers, although an earlier stage is there to build.',
  why: 'Compilers, make and -dev packages are some hundred megabytes that nobody needs who only runs the image. The earlier stage is the place for them; the last one needs libraries alone.',
  bad: [
    {
      format: 'dockerfile',
      text: 'FROM debian:12 AS build\nRUN apt-get update && apt-get install -y gcc\nRUN gcc -o /tool /tool.c\nFROM debian:12\nCOPY --from=build /tool /usr/bin/tool\nRUN apt-get update && apt-get install -y gcc libssl-dev && rm -rf /var/lib/apt/lists/*\n',
    },
  ],
  good: [
    {
      format: 'dockerfile',
      text: 'FROM debian:12 AS build\nRUN apt-get update && apt-get install -y gcc\nFROM debian:12\nCOPY --from=build /tool /usr/bin/tool\nRUN apt-get update && apt-get install -y libssl3 && rm -rf /var/lib/apt/lists/*\n',
    },
    {format: 'dockerfile', text: 'FROM debian:12\nRUN apt-get update && apt-get install -y gcc && rm -rf /var/lib/apt/lists/*\n'},
    {
      format: 'dockerfile',
      text: 'FROM debian:12 AS build\nRUN gcc -o /tool /tool.c\nFROM debian:12\nCOPY --from=build /tool /usr/bin/tool\nCOPY src /src\nRUN apt-get update && apt-get install -y gcc && gcc -o /b /src/b.c && rm -rf /var/lib/apt/lists/*\n',
      files: {'src/b.c': ''},
    },
  ],
  find(description, scene) {
    const target = resolveTarget(description, scene.target)
    if (target.kind === 'unknown') return []
    const {stage} = target
    const copies = stage.steps.some(step => step.kind === 'copy' && step.from.kind === 'stage' && step.from.index !== undefined)
    if (!copies) return []
    const {steps} = stageScript(description, stage)
    const all = steps.flatMap(each => (each.kind === 'run' ? each.ran : []))
    // Whoever compiles here, or removes the tools again, has a reason for them.
    const compiles = all.some(
      ({program, argv}) =>
        /^(make|cmake|gcc|g\+\+|cc|gfortran|ninja|meson|configure|cargo|go|pip3?|python3?|R|Rscript|npm|gem|wmake|nvcc|mpicc|mpicxx|spack|sh|bash)$/.test(
          program ?? 'sh',
        ) || argv.some(each => /^(purge|remove|autoremove|del|erase)$/.test(each.value ?? '')),
    )
    if (compiles) return []
    return steps.flatMap(step => {
      if (step.kind !== 'run') return []
      return step.ran.flatMap(ran => {
        if (!/^(apt-get|apt|dnf|yum|microdnf|zypper|apk)$/.test(ran.program ?? '')) return []
        if (!ran.argv.some(each => /^(install|add|in|groupinstall)$/.test(each.value ?? ''))) return []
        const found = ran.argv.slice(2).filter(each => tools.test((each.value ?? '').split('=')[0] ?? ''))
        const [first] = found
        if (first === undefined) return []
        return diagnostic(buildToolsInTarget, {
          span: found.length === 1 ? placeIn(step, first) : commandSpan(step, ran),
          stage,
          message: `The finished image holds what only a build needs: ${listed(
            found.map(each => each.value ?? ''),
            5,
          )}.`,
          hint: 'Install libraries without -dev here, and build in the earlier stage.',
        })
      })
    })
  },
}
