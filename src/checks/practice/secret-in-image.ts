import {placeOf} from '../../language/places.js'
import type {Check} from '../../model/check.js'
import type {Description, Stage} from '../../model/description.js'
import type {Diagnostic, Severity} from '../../model/diagnostic.js'
import type {Span} from '../../model/span.js'
import {plainText} from '../../model/template.js'
import {linesOf, scriptSpan, scriptsNamed, sectionsNamed} from '../definition/sections.js'
import {diagnostic} from '../finding.js'
import {placeIn, runSteps} from '../scripts.js'

export const secretInImage: Check = {
  name: 'secret-in-image',
  severity: 'warning',
  summary: 'A password, token or key is written where everybody who has the image can read it.',
  why: 'Variables and labels are stored in the image, commands and build arguments in its history or in its stored definition (D43, K59). A .sif is a file that people hand on. Give secrets to the build with --secret id=NAME,src=FILE: they are in no image, log or store.',
  bad: [
    {format: 'dockerfile', text: 'FROM debian:12\nENV DB_PASSWORD=hunter2\n'},
    {format: 'dockerfile', text: 'FROM debian:12\nARG NPM_TOKEN\nRUN npm config set token $NPM_TOKEN\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export API_KEY=abc123\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  export GITHUB_TOKEN=abc123\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%arguments\n  token=abc123\n%post\n  echo {{ token }}\n'},
    {
      format: 'dockerfile',
      text: `FROM debian:12\nRUN git clone https://me:${'ghp'}_abcdefghijklmnopqrstuvwxyz0123456789@github.com/a/b\n`,
    },
  ],
  good: [
    {
      format: 'dockerfile',
      text: 'FROM debian:12\nRUN --mount=type=secret,id=token cat /run/secrets/token\nENV DB_PASSWORD_FILE=/run/secrets/db TOKENIZERS_PARALLELISM=false DB_PASSWORD=\n',
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  export TOKEN="$(cat /run/secrets/token)"\n%environment\n  export API_KEY="$API_KEY" TOKEN_LIMIT=4096\n',
    },
  ],
  find: description => [...declared(description), ...scripted(description), ...written(description)],
}

const words =
  /(^|_)(TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|APIKEY|API_KEY|PRIVATE_KEY|ACCESS_KEY|SECRET_KEY|AUTH_KEY|CREDENTIALS?|PWD)$/i
const shapes =
  /\b(AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40}|glpat-[A-Za-z0-9_-]{20}|xox[abprs]-[A-Za-z0-9-]{20}|hf_[A-Za-z0-9]{30})|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----/

function isSecretName(name: string): boolean {
  return words.test(name) && !/^(OLD)?PWD$/i.test(name) && !/(^|_)host_pwd$/i.test(name)
}

/** A value that is one: not empty, and no placeholder that says so itself. */
function isValue(value: string | undefined): value is string {
  return (
    value !== undefined &&
    value !== '' &&
    !/^(<.*>|\*+|x{3,}|none|null|false|true|changeme|change-me|placeholder|\d{1,2})$/i.test(value)
  )
}

function tell(stage: Stage, span: Span, name: string, where: string, severity: Severity = 'warning'): Diagnostic {
  return diagnostic(
    {...secretInImage, severity},
    {
      span,
      stage,
      message:
        severity === 'info'
          ? `The value of ${name} is handed over as a build argument, which ${where}.`
          : `${name} looks like a secret, and ${where}.`,
      hint: 'Give it to the build with --secret id=NAME,src=FILE, or to the image when it runs.',
    },
  )
}

/** ENV, ARG, LABEL and `%arguments`. */
function declared(description: Description): Diagnostic[] {
  return description.stages.flatMap(stage => [
    ...stage.steps.flatMap(step => {
      if (step.kind === 'env')
        return step.variables
          .filter(each => (isSecretName(each.name) && isValue(plainText(each.value))) || shapes.test(plainText(each.value) ?? ''))
          .map(each => tell(stage, step.span, each.name, 'its value is stored in the image'))
      if (step.kind !== 'arg' || !isSecretName(step.name)) return []
      const value = step.value === undefined ? undefined : plainText(step.value)
      return tell(stage, step.span, step.name, 'everybody finds in the history of the image', isValue(value) ? 'warning' : 'info')
    }),
    ...(stage.settings.labels ?? [])
      .filter(each => shapes.test(plainText(each.value) ?? '') || (isSecretName(each.name) && isValue(plainText(each.value))))
      .map(each => tell(stage, each.span, each.name, 'its value is a label of the image')),
    ...(stage.settings.env ?? [])
      .filter(each => isSecretName(each.name) && isValue(plainText(each.value)))
      .map(each => tell(stage, each.span, each.name, 'its value is stored in the image')),
  ])
}

function scripted(description: Description): Diagnostic[] {
  const found: Diagnostic[] = []
  for (const {stage, section} of sectionsNamed(description, 'arguments')) {
    for (const {text, from} of linesOf(section.body)) {
      const match = /^\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(text.slice(0, 1000))
      if (match?.[1] === undefined || !isSecretName(match[1]) || !isValue(match[2])) continue
      const at = from + text.indexOf(match[1])
      found.push(
        tell(
          stage,
          placeOf(section, at, at + match[1].length, section.span),
          match[1],
          'its value is part of the definition that the image stores',
        ),
      )
    }
  }
  for (const script of scriptsNamed(description, 'environment')) {
    for (const {program, argv, assigned} of script.ran) {
      for (const {name, value, from} of [...assigned, ...exported(program, argv)]) {
        if (!isSecretName(name) || !isValue(value)) continue
        found.push(
          tell(script.stage, scriptSpan(script, {from, to: from + name.length}), name, 'its value is stored in the image'),
        )
      }
    }
  }
  for (const step of runSteps(description)) {
    for (const {program, argv, assigned, command} of step.ran) {
      for (const {name, value, from} of [...assigned, ...exported(program, argv)]) {
        if (!isSecretName(name) || !isValue(value) || (command.words.length > 0 && assigned.length > 0 && program !== 'export'))
          continue
        found.push(
          tell(step.stage, placeIn(step, {from, to: from + name.length}), name, 'the text of this step is stored with the image'),
        )
      }
    }
  }
  return found
}

function exported(
  program: string | undefined,
  argv: readonly {readonly value: string | undefined; readonly raw: string; readonly from: number}[],
) {
  if (program !== 'export') return []
  return argv.slice(1).map(each => ({
    name: each.raw.split('=')[0] ?? '',
    value: each.value?.includes('=') ? each.value.slice(each.value.indexOf('=') + 1) : undefined,
    from: each.from,
  }))
}

/** Keys whose shape gives them away, in commands and files that are written. */
function written(description: Description): Diagnostic[] {
  const found: Diagnostic[] = []
  for (const step of runSteps(description)) {
    const match = shapes.exec(step.text)
    if (match === null) continue
    const span = placeIn(step, {from: match.index, to: match.index + match[0].length})
    found.push(tell(step.stage, span, 'This text', 'the text of this step is stored with the image'))
  }
  return found
}
