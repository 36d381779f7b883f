import type {Check} from '../../model/check.js'
import {familyOf} from '../bases.js'
import {diagnostic} from '../finding.js'
import {namesSet, readUnset} from '../variables.js'
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
      for (const command of ran) for (const name of namesSet(command, /^export$/)) names.add(name)
    }
    return [...postSteps(description)].flatMap(step => {
      const names = set.get(step.stage.index)
      if (names === undefined) return []
      const plain = familyOf(description, step.stage).plain
      return [...readUnset(step, name => names.has(name) && !common.test(name), names)].map(({name, span}) =>
        diagnostic(
          {...environmentNotInPost, severity: plain ? 'warning' : 'info'},
          {
            span,
            stage: step.stage,
            message: `$${name} is empty here unless the base sets it: %environment, which sets it for the finished image, is not read by %post.`,
            hint: `Set ${name} at the top of %post as well.`,
          },
        ),
      )
    })
  },
}
