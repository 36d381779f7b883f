import {basename} from 'node:path/posix'
import type {Check} from '../../model/check.js'
import {plainText} from '../../model/template.js'
import {diagnostic, quoted} from '../finding.js'

export const folderSpelling: Check = {
  name: 'folder-spelling',
  severity: 'info',
  summary: 'A folder is copied in a spelling that looks like "its contents", and means the folder itself.',
  why: 'Host copies and stage copies read the end of a source the opposite way (D96). From the host "dir/ /opt/" gives /opt/dir, and "dir/. /opt/" the contents; from a stage "/dir/. /opt/" gives /opt/dir, and "/dir/ /opt/" the contents.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%files\n  src/ /opt/src/\n', files: {'src/': ''}},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\nStage: a\n%post\n  mkdir -p /out\n\nBootstrap: docker\nFrom: debian:12\n%files from a\n  /out/. /opt/out/\n',
    },
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%files\n  src/. /opt/src/\n  src /opt/other\n  src/ /opt/\n',
      files: {'src/': ''},
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\nStage: a\n%post\n  mkdir -p /out\n\nBootstrap: docker\nFrom: debian:12\n%files from a\n  /out/ /opt/out/\n',
    },
  ],
  find: description =>
    description.stages.flatMap(stage =>
      stage.steps.flatMap(step => {
        if (step.kind !== 'copy' || step.rules !== 'def' || step.destination === undefined) return []
        const destination = plainText(step.destination.path)
        if (destination === undefined || !destination.endsWith('/') || destination === '/') return []
        return step.sources.flatMap(source => {
          const text = plainText(source.path)
          const odd = step.from.kind === 'context' ? /[^/.]\/$/ : /[^/.]\/\.$/
          if (text === undefined || !odd.test(text)) return []
          const name = basename(text.replace(/\/\.?$/, ''))
          // Into a folder of another name it is meant as it is written: `src/ /opt/` is /opt/src.
          if (basename(destination.slice(0, -1)) !== name) return []
          const meant = step.from.kind === 'context' ? `${text}.` : text.slice(0, -1)
          return diagnostic(folderSpelling, {
            span: source.span,
            stage,
            message: `This makes ${quoted(`${destination}${name}`)}: in a copy ${step.from.kind === 'context' ? 'from the host' : 'from a stage'}, ${quoted(text)} is the folder itself and not its contents.`,
            hint: `Write ${quoted(`${meant} ${destination}`)} for the contents.`,
          })
        })
      }),
    ),
}
