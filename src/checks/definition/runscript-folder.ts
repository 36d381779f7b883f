import type {Check} from '../../model/check.js'
import {diagnostic, quoted} from '../finding.js'
import {scriptSpan, scriptsNamed} from './sections.js'

export const runscriptFolder: Check = {
  name: 'runscript-folder',
  severity: 'info',
  summary: '%runscript starts a program by a relative path, which means the folder of whoever runs the image.',
  why: 'A cd in %post ends with %post. The image starts in the folder in which somebody calls it (D117), so ./tool is looked for there and not where it was built.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  cd /opt/tool\n  make\n%runscript\n  exec ./tool "$@"\n'},
  ],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%runscript\n  exec /opt/tool/tool "$@"\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%runscript\n  cd /opt/tool\n  exec ./tool "$@"\n'},
  ],
  find: description =>
    [...scriptsNamed(description, 'runscript', 'startscript')].flatMap(script => {
      for (const {program, argv} of script.ran) {
        if (program === 'cd' || program === 'pushd') return []
        const [first] = argv
        if (first?.value === undefined || !/^\.{1,2}\/./.test(first.value)) continue
        return diagnostic(runscriptFolder, {
          span: scriptSpan(script, first),
          stage: script.stage,
          message: `${quoted(first.value)} is looked for in the folder of whoever runs the image, not in the image.`,
          hint: 'Write its whole path.',
        })
      }
      return []
    }),
}
