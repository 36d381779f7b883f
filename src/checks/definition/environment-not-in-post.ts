import type {WordPart} from '../../language/shell-commands.js'
import type {Check} from '../../model/check.js'
import {familyOf} from '../bases.js'
import {diagnostic} from '../finding.js'
import {placeIn} from '../scripts.js'
import {postSteps, scriptsNamed} from './sections.js'

/** What every container has, or a base commonly sets. */
const common =
  /^(PATH|HOME|PWD|OLDPWD|LANG|LANGUAGE|LC_\w+|LD_LIBRARY_PATH|TERM|USER|SHELL|SHLVL|PS1|IFS|PKG_CONFIG_PATH|PYTHONPATH|MANPATH|CPATH|LIBRARY_PATH|CUDA_HOME|CUDA_PATH|JAVA_HOME|CC|CXX|FC|(SINGULARITY|APPTAINER)_\w+)$/

export const environmentNotInPost: Check = {
  name: 'environment-not-in-post',
  severity: 'warning',
  summary: '%post uses a variable that only %environment of the same stage sets.',
  why: '%environment is read when the image starts; it is written after %post has run, so %post does not see it (D57, D64). Unless the base sets it too, the variable is empty there, and $PREFIX/bin is /bin. Set it at the top of %post as well, or use {{ NAME }} from %arguments in both.',
  bad: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export TOOL_HOME=/opt/tool\n%post\n  mkdir -p $TOOL_HOME/bin\n',
    },
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export TOOL_HOME=/opt/tool\n%post\n  TOOL_HOME=/opt/tool\n  mkdir -p $TOOL_HOME/bin\n',
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export TOOL_HOME=/opt/tool\n%post\n  mkdir -p ${TOOL_HOME:-/opt/tool}/bin\n',
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export TOOL_HOME=/opt/tool\n%post\n  . /etc/profile.d/tool.sh\n  echo $TOOL_HOME\n',
    },
  ],
  find: description => {
    const set = new Map<number, Set<string>>()
    for (const {stage, ran} of scriptsNamed(description, 'environment')) {
      const names = set.get(stage.index) ?? new Set<string>()
      set.set(stage.index, names)
      for (const {program, argv, assigned} of ran) {
        for (const each of assigned) names.add(each.name)
        if (program === 'export') for (const each of argv.slice(1)) names.add(each.raw.split('=')[0] ?? '')
      }
    }
    return [...postSteps(description)].flatMap(step => {
      const names = set.get(step.stage.index)
      if (names === undefined) return []
      const own = new Set<string>()
      const told = new Set<string>()
      const plain = familyOf(description, step.stage).plain
      return step.ran.flatMap(({program, argv, assigned, command}) => {
        // A script that is sourced may set anything.
        if (program === '.' || program === 'source' || program === 'eval') for (const name of names) own.add(name)
        const words = [
          ...command.words,
          ...command.assignments.map(each => each.value),
          ...command.redirects.map(each => each.target),
        ]
        const found = words.flatMap(word =>
          word.parts
            .filter((part): part is Extract<WordPart, {kind: 'variable'}> => part.kind === 'variable')
            .filter(part => part.fallback === undefined && names.has(part.name) && !own.has(part.name) && !told.has(part.name))
            .filter(part => !common.test(part.name))
            .map(part => {
              told.add(part.name)
              return diagnostic(
                {...environmentNotInPost, severity: plain ? 'warning' : 'info'},
                {
                  span: placeIn(step, word),
                  stage: step.stage,
                  message: `$${part.name} is empty here unless the base sets it: %environment, which sets it for the finished image, is not read by %post.`,
                  hint: `Set ${part.name} at the top of %post as well.`,
                },
              )
            }),
        )
        for (const each of assigned) own.add(each.name)
        if (/^(export|read|declare|local|readonly|for)$/.test(program ?? ''))
          for (const each of argv.slice(1)) own.add(each.raw.split('=')[0] ?? '')
        return found
      })
    })
  },
}
