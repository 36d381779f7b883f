import type {Check} from '../../model/check.js'
import {diagnostic, quoted} from '../finding.js'
import {argumentsOf, headingSpan, sectionsNamed} from './sections.js'

export const sectionArguments: Check = {
  name: 'section-arguments',
  severity: 'warning',
  summary: 'Words behind a section name that Apptainer ignores, or reads in another way than they look.',
  why: '%post, %pre and %setup put them between "/bin/sh -ex" and the script (D62): only options of sh make sense there, or -c PROGRAM. %runscript, %startscript and %test add them to their "#!/bin/sh" line (D83). All other sections drop them without a word.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post /bin/bash\n  echo hello\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%runscript -c /bin/bash\n  echo hello\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%environment production\n  export A=1\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post -c\n  echo hello\n'},
  ],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post -u # strict\n  echo hello\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post -c /bin/bash\n  set -e\n%runscript -e\n  echo hello\n'},
  ],
  find: description => [
    ...[...sectionsNamed(description, 'post', 'pre', 'setup')].flatMap(({stage, section}) => {
      const [first, ...rest] = argumentsOf(section)
      if (first === undefined) return []
      const written = [first, ...rest].join(' ')
      const name = `%${section.name}`
      if (first === '-c' && rest.length === 0)
        return diagnostic(sectionArguments, {
          span: headingSpan(section),
          stage,
          message: `"${name} -c" names no program: Apptainer ends the build with "missing arguments".`,
          hint: `Write ${name} -c /bin/bash.`,
        })
      if (/^[-+]/.test(first)) return []
      return diagnostic(sectionArguments, {
        span: headingSpan(section),
        stage,
        message: `${quoted(`${name} ${written}`)} makes /bin/sh read ${quoted(first)} as the script, and not what is below.`,
        hint: `Write ${name} -c ${written}.`,
      })
    }),
    ...[...sectionsNamed(description, 'runscript', 'startscript', 'test')].flatMap(({stage, section}) => {
      const [first] = argumentsOf(section)
      if (first === undefined || /^\s*#!/.test(section.body) || (/^[-+]/.test(first) && first !== '-c')) return []
      return diagnostic(sectionArguments, {
        span: headingSpan(section),
        stage,
        message: `The words behind %${section.name} go to the line "#!/bin/sh ${argumentsOf(section).join(' ')}", which names no other interpreter.`,
        hint: `Make the interpreter the first line of the section, for example #!/bin/bash.`,
      })
    }),
    ...[...sectionsNamed(description, 'environment', 'labels', 'help', 'arguments')].flatMap(({stage, section}) => {
      const words = argumentsOf(section)
      if (words.length === 0) return []
      return diagnostic(
        {...sectionArguments, severity: 'info'},
        {
          span: headingSpan(section),
          stage,
          message: `Apptainer drops the words behind %${section.name}: ${quoted(words.join(' '))}.`,
          hint: 'Leave them out, or make them a comment with #.',
        },
      )
    }),
  ],
}
