import type {Check} from '../../model/check.js'
import {operands} from '../arguments.js'
import {diagnostic, quoted} from '../finding.js'
import {placeIn, stageScript} from '../scripts.js'

/** Programs whose last operand, or all of them, they change. */
const writers: ReadonlyMap<string, 'last' | 'all'> = new Map([
  ['cp', 'last'],
  ['mv', 'last'],
  ['ln', 'last'],
  ['install', 'last'],
  ['rsync', 'last'],
  ['mkdir', 'all'],
  ['touch', 'all'],
  ['rm', 'all'],
  ['tee', 'all'],
  ['chown', 'last'],
  ['chmod', 'last'],
])

export const hostPathWritten: Check = {
  name: 'host-path-written',
  severity: 'warning',
  summary: '%setup or %pre changes a path of the machine that builds, outside of the image.',
  why: 'These sections run on the machine that builds, with its file system (D59); the image lies at $APPTAINER_ROOTFS ($SINGULARITY_ROOTFS). An absolute path without it means the machine itself: mkdir /opt/tool makes a folder there, and rm removes what is there.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%setup\n  mkdir -p /opt/tool\n  cp tool /opt/tool/\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%setup\n  echo x > /etc/motd\n'},
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%setup\n  mkdir -p "$APPTAINER_ROOTFS/opt/tool"\n  cp tool ${SINGULARITY_ROOTFS}/opt/tool/\n',
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%setup\n  curl -o /tmp/x https://example.org/x\n  cp /etc/hosts $APPTAINER_ROOTFS/x > /dev/null\n',
    },
  ],
  find: description =>
    description.stages.flatMap(stage =>
      stageScript(description, stage).steps.flatMap(step => {
        if (step.kind !== 'run' || step.step.where !== 'host') return []
        return step.ran.flatMap(({program, argv, redirects}) => {
          const how = program === undefined ? undefined : writers.get(program)
          const words = how === undefined ? [] : operands(argv, '-m', '-o', '-g')
          const targets = [
            ...(how === 'last' ? words.slice(-1) : words),
            ...redirects.filter(({operator}) => operator.startsWith('>') && operator !== '>&').map(each => each.target),
          ]
          return targets.flatMap(target => {
            const path = target.value
            if (path === undefined || !/^\/./.test(path) || /^\/(tmp|var\/tmp|dev|scratch|proc)(\/|$)/.test(path)) return []
            return diagnostic(hostPathWritten, {
              span: placeIn(step, target),
              stage,
              message: `${quoted(path)} is a path of the machine that builds, not of the image: %${step.step.section?.name ?? 'setup'} runs there.`,
              hint: `Write "$APPTAINER_ROOTFS${path}", or do it in %post.`,
            })
          })
        })
      }),
    ),
}
