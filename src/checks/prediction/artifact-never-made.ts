import type {Check} from '../../model/check.js'
import {diagnostic, quoted} from '../finding.js'
import {likelyOutput} from './artifact-other-folder.js'
import {likeliest} from './artifact-other-name.js'
import {isBelow} from './claims.js'
import {unaccounted} from './requests.js'

export const artifactNeverMade: Check = {
  name: 'artifact-never-made',
  severity: 'info',
  summary: 'A copied path lies where neither the steps nor the base of its stage put anything.',
  why: 'Every step of the stage is one whose results can be told from its text, its base is a plain distribution or language image, and none of them makes the path or a folder that holds it. sifstage says nothing where a script, a Makefile or an unknown base may have made it.',
  bad: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\nStage: data\n%post\n  mkdir -p /data/genome\n  echo x > /data/genome/index\n\nBootstrap: docker\nFrom: alpine:3.20\n%files from data\n  /srv/genome /data\n',
    },
    {
      format: 'dockerfile',
      text: 'FROM debian:12 AS data\nWORKDIR /work\nCOPY table.csv .\nFROM alpine:3.20\nCOPY --from=data /work/tables.csv /x\n',
      files: {'table.csv': ''},
    },
  ],
  good: [
    {
      format: 'dockerfile',
      text: 'FROM debian:12 AS data\nRUN mkdir -p /data/genome && echo x > /data/genome/index\nFROM alpine:3.20\nCOPY --from=data /data /data\n',
    },
    {
      format: 'dockerfile',
      text: 'FROM debian:12 AS data\nCOPY make-it.sh /\nRUN sh /make-it.sh\nFROM alpine:3.20\nCOPY --from=data /opt/result /data\n',
      files: {'make-it.sh': ''},
    },
    {
      format: 'dockerfile',
      text: 'FROM registry.example.org/lab/base:1 AS data\nRUN echo hello\nFROM alpine:3.20\nCOPY --from=data /opt/result /data\n',
    },
  ],
  find: (description, scene) =>
    unaccounted(description, scene).flatMap(request => {
      const {stage, origin, source, path, effects} = request
      if (!effects.bare || likeliest(request) !== undefined || likelyOutput(request) !== undefined) return []
      if (effects.claims.some(claim => claim.kind === 'mounted' && isBelow(path, claim.path))) return []
      return diagnostic(artifactNeverMade, {
        span: source.span,
        stage,
        message: `${quoted(path)} will probably not be there: no step of stage ${quoted(origin.name)} makes it or a folder that holds it, and its base has none.`,
        hint: `Correct the path, or let stage ${quoted(origin.name)} make it.`,
      })
    }),
}
