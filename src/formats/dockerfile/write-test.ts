/**
 * `%test` (D76): it runs when the image is done, on a root that it can't write to, and its failure is the build's.
 * So it runs in a stage of its own, which the real one then needs but takes nothing from.
 */
import type {Stage} from '../../model/description.js'
import {shebangText} from './write-runtime.js'
import {heredocName} from './write-words.js'
import type {Writing} from './writing.js'

interface TestedName {
  readonly name: string
  readonly untested: string
  readonly test: string
}

export function testedName(writing: Writing, stage: Stage): TestedName | undefined {
  const name = writing.names.get(stage.index)
  if (stage.settings.test === undefined || stage.settings.test.text.trim() === '' || name === undefined) return undefined
  const taken = new Set(writing.names.values())
  const free = (wanted: string) => {
    let found = wanted
    for (let number = 1; taken.has(found); number += 1) found = `${wanted}-${number}`
    taken.add(found)
    return found
  }
  return {name, untested: free(`${name}-untested`), test: free(`${name}-test`)}
}

export function writeTest(writing: Writing, stage: Stage, {name, untested, test}: TestedName): void {
  const script = stage.settings.test
  if (script === undefined) return
  if ((script.arguments?.length ?? 0) > 0 || /\$\{?0/.test(script.text) || /(APPTAINER|SINGULARITY)_/.test(script.text)) {
    writing.refuse(
      stage,
      /(APPTAINER|SINGULARITY)_/.test(script.text) ? 'engine-variable' : 'definition-script',
      script.span,
      '%test looks at its own name, at variables of Apptainer, or has arguments for its interpreter.',
      'Write what it needs into the script itself.',
    )
    return
  }
  const text = shebangText(script.text) ?? script.text
  const body = `${text.startsWith('#!') ? '\n' : ''}${text.replace(/\n*$/, '\n')}`
  const end = heredocName(body)
  const mounts = '--mount=type=tmpfs,target=/tmp --mount=type=tmpfs,target=/var/tmp'
  writing.lines.push(
    '',
    `FROM ${untested} AS ${test}`,
    'WORKDIR /',
    `RUN ${mounts} <<${end}\n${body}${end}`,
    'WORKDIR /.passed',
    '',
    '# Nothing is copied: the image is there once its test has passed.',
    `FROM ${untested} AS ${name}`,
    `COPY --from=${test} /.passed /`,
  )
}
