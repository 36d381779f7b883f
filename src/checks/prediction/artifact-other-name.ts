import {basename, dirname} from 'node:path/posix'
import {nearest} from '../../language/distance.js'
import type {Check} from '../../model/check.js'
import {diagnostic, lineOf, quoted} from '../finding.js'
import type {Claim} from './claims.js'
import {type Request, unaccounted} from './requests.js'

type Written = Extract<Claim, {kind: 'file'}>

export const artifactOtherName: Check = {
  name: 'artifact-other-name',
  severity: 'info',
  summary: 'A compiler writes its output under another name or into another folder than a later stage copies.',
  why: 'The steps say in plain words what the compiler writes (-o FILE, or a.out without it), and it is not what the later stage asks for. Nothing else in the stage makes that path, so the build would stop after the work is done.',
  bad: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: gcc:12\nStage: build\n%files\n  hello.c /root/hello.c\n%post\n  cd /root\n  gcc -O2 -o hello hello.c\n\nBootstrap: docker\nFrom: alpine:3.20\n%files from build\n  /root/helo /usr/local/bin/hello\n',
    },
    {
      format: 'dockerfile',
      text: 'FROM golang:1.22 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /out/tool ./cmd/tool\nFROM alpine:3.20\nCOPY --from=build /src/tool /bin/tool\n',
      files: {'go.mod': '', 'cmd/tool/main.go': ''},
    },
    {
      format: 'dockerfile',
      text: 'FROM gcc:12 AS build\nWORKDIR /src\nCOPY hello.c .\nRUN gcc hello.c\nFROM alpine:3.20\nCOPY --from=build /src/hello /bin/hello\n',
      files: {'hello.c': ''},
    },
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: gcc:12\nStage: build\n%files\n  hello.c /root/hello.c\n%post\n  cd /root\n  gcc -O2 -o hello hello.c\n\nBootstrap: docker\nFrom: alpine:3.20\n%files from build\n  /root/hello /usr/local/bin/hello\n',
    },
    {
      format: 'dockerfile',
      text: 'FROM gcc:12 AS build\nWORKDIR /src\nCOPY . .\nRUN gcc -o one one.c && ./configure-more.sh\nFROM alpine:3.20\nCOPY --from=build /src/two /bin/two\n',
      files: {'one.c': ''},
    },
    {
      format: 'dockerfile',
      text: 'FROM gcc:12 AS build\nWORKDIR /src\nARG NAME\nRUN gcc -o $NAME hello.c\nFROM alpine:3.20\nCOPY --from=build /src/hello /bin/hello\n',
    },
  ],
  find: (description, scene) =>
    unaccounted(description, scene).flatMap(request => {
      const written = likeliest(request)
      if (written === undefined) return []
      const {stage, origin, source, path} = request
      return diagnostic(artifactOtherName, {
        span: source.span,
        stage,
        message: `${quoted(path)} will probably not be there: in stage ${quoted(origin.name)}, ${written.by} writes ${quoted(written.path)} (${lineOf(written.span)}), and no step makes the path that is copied.`,
        hint: `Did you mean ${written.path}?`,
      })
    }),
}

/** The compiler's output that may have been meant: of the same name elsewhere, or beside the path. */
export function likeliest({path, effects}: Pick<Request, 'path' | 'effects'>): Written | undefined {
  const outputs = effects.claims.filter((claim): claim is Written => claim.kind === 'file' && claim.compiled)
  if (outputs.length === 0 || outputs.length > 500) return undefined
  const beside = outputs.filter(each => dirname(each.path) === dirname(path))
  const near = nearest(
    basename(path),
    beside.map(each => basename(each.path)),
  )
  const similar = beside.find(each => basename(each.path) === near)
  if (similar !== undefined || !effects.bare) return similar
  return outputs.find(each => basename(each.path) === basename(path)) ?? beside.at(-1)
}
