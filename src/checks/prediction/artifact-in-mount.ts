import type {Check} from '../../model/check.js'
import {diagnostic, lineOf, quoted} from '../finding.js'
import {type Claim, isBelow} from './claims.js'
import {unaccounted} from './requests.js'

const titles = {cache: 'a cache', tmpfs: 'a tmpfs', bind: 'a bind'} as const

export const artifactInMount: Check = {
  name: 'artifact-in-mount',
  severity: 'warning',
  summary: 'A copied path was written to a mount, which is not part of the image.',
  why: 'What a command writes below --mount=type=cache, tmpfs or bind is gone from the image when the command ends (K128): a later stage finds an empty folder. Copy or install the file to another folder in the same command.',
  bad: [
    {
      format: 'dockerfile',
      text: 'FROM rust:1.79 AS build\nWORKDIR /app\nCOPY src src\nRUN --mount=type=cache,target=/app/target cargo build --release\nFROM debian:12\nCOPY --from=build /app/target/release/tool /usr/bin/\n',
      files: {'src/main.rs': ''},
    },
  ],
  good: [
    {
      format: 'dockerfile',
      text: 'FROM rust:1.79 AS build\nWORKDIR /app\nCOPY src src\nRUN --mount=type=cache,target=/app/target cargo build --release && cp target/release/tool /tool\nFROM debian:12\nCOPY --from=build /tool /usr/bin/\n',
      files: {'src/main.rs': ''},
    },
  ],
  find: (description, scene) =>
    unaccounted(description, scene).flatMap(({stage, origin, source, path, effects}) => {
      const mount = effects.claims.find(
        (claim): claim is Extract<Claim, {kind: 'mounted'}> =>
          claim.kind === 'mounted' && path !== claim.path && isBelow(path, claim.path),
      )
      if (mount === undefined) return []
      return diagnostic(artifactInMount, {
        span: source.span,
        stage,
        message: `${quoted(path)} lies below ${quoted(mount.path)}, over which stage ${quoted(origin.name)} lays ${titles[mount.mount]} mount (${lineOf(mount.span)}) while it writes there: the image keeps none of it.`,
        hint: `Let the same command copy it to a folder outside of ${mount.path}, and take it from there.`,
      })
    }),
}
