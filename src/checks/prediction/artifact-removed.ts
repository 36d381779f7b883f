import type {Check} from '../../model/check.js'
import {diagnostic, lineOf, quoted} from '../finding.js'
import {requestsOf} from './requests.js'

export const artifactRemoved: Check = {
  name: 'artifact-removed',
  severity: 'info',
  summary: 'A copied path is removed again by a later step of its own stage.',
  why: 'A stage is copied from when all of its steps are done. What one of them cleaned away is not there any more, and the build finds that out only after all the work. Take the files out of the folder before it is removed, or leave it: only the last stage becomes the image.',
  bad: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: gcc:12\nStage: build\n%files\n  hello.c /src/hello.c\n%post\n  cd /src\n  gcc -o hello hello.c\n  cd /\n  rm -rf /src\n\nBootstrap: docker\nFrom: alpine:3.20\n%files from build\n  /src/hello /bin/hello\n',
    },
    {
      format: 'dockerfile',
      text: 'FROM gcc:12 AS build\nWORKDIR /src\nCOPY . .\nRUN make\nRUN rm -rf /src/*\nFROM alpine:3.20\nCOPY --from=build /src/hello /bin/\n',
      files: {'hello.c': ''},
    },
  ],
  good: [
    {
      format: 'dockerfile',
      text: 'FROM gcc:12 AS build\nWORKDIR /src\nCOPY . .\nRUN make && mv hello /hello && rm -rf /src\nFROM alpine:3.20\nCOPY --from=build /hello /bin/\n',
      files: {'hello.c': ''},
    },
    {
      format: 'dockerfile',
      text: 'FROM gcc:12 AS build\nRUN rm -rf /opt/tool && mkdir -p /opt/tool && touch /opt/tool/x\nFROM alpine:3.20\nCOPY --from=build /opt/tool /opt/tool\n',
    },
  ],
  find: (description, scene) =>
    requestsOf(description, scene).flatMap(({stage, origin, source, path, verdict}) => {
      if (verdict.kind !== 'removed') return []
      const {by} = verdict
      return diagnostic(artifactRemoved, {
        span: source.span,
        stage,
        message: `${quoted(path)} will probably not be there: stage ${quoted(origin.name)} removes ${by.path === path ? 'it' : quoted(by.contents ? `${by.path}/*` : by.path)} at line ${by.span.start.line}, and nothing behind that makes it again.`,
        hint: `Remove less at ${lineOf(by.span)}, or put the file elsewhere before.`,
      })
    }),
}
