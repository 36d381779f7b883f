/** What the steps of a description say that ties programs to processors: `-march=native` makes an image for machines like the builder's. */
import {Variables, walkScript} from '../language/shell-walk.js'
import type {Command, Stage, Step} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import type {Tuning} from '../model/report.js'
import {showTemplate} from '../model/template.js'

/** Flags of GCC, Clang, NVIDIA's, Intel's and the Rust compiler. A word of a shell may hold several. */
const FLAG =
  /(?<![\w-])(-m(?:arch|cpu)=[\w.+-]+|-x(?:Host|HOST|CORE-[\w-]+|COMMON-[\w-]+)|-tp[= ][\w-]+|-(?:C ?)?target-cpu[= ][\w.+-]+|--offload-arch=native)(?![\w])/g
const NATIVE = /[= ](native|host)$|^-xhost$/i
/** Asks for nothing that any processor of the architecture lacks. */
const BASELINE = /^-m(arch|cpu)=(x86-64|generic|armv8-a|power8|rv64gc)$/

/** Flags in one text, each once. */
export function tuningFlags(text: string): string[] {
  return [...new Set([...text.matchAll(FLAG)].map(match => match[1] ?? ''))].filter(flag => !BASELINE.test(flag))
}

/** The words of a script, comments left out. */
function scriptWords(text: string): string {
  const {ran} = walkScript(text, {folder: undefined, variables: new Variables()})
  return ran
    .flatMap(each => [...each.argv.map(word => word.raw), ...each.assigned.map(({name, value}) => `${name}=${value ?? ''}`)])
    .join(' ')
}

function commandWords(command: Command): string {
  return command.kind === 'exec' ? command.argv.join(' ') : scriptWords(command.text)
}

function stepWords(step: Step): string {
  switch (step.kind) {
    case 'run':
      return step.where === 'image' ? commandWords(step.command) : ''
    case 'env':
      return step.variables.map(({name, value}) => `${name}=${showTemplate(value)}`).join('\n')
    case 'arg':
      return step.value === undefined ? '' : `${step.name}=${showTemplate(step.value)}`
    case 'copy':
    case 'workdir':
    case 'user':
      return ''
  }
}

/** Such flags of stages, with a finding for each that makes programs for the builder's own processors. */
export function tuningOf(stages: readonly Stage[]): {tuning: Tuning[]; diagnostics: Diagnostic[]} {
  const tuning: Tuning[] = []
  const diagnostics: Diagnostic[] = []
  for (const stage of stages) {
    for (const step of stage.steps) {
      for (const flag of tuningFlags(stepWords(step))) {
        const needs = NATIVE.test(flag) ? 'native' : 'named'
        tuning.push({stage: stage.name, flag, needs, file: step.span.file, line: step.span.start.line})
        if (needs === 'native')
          diagnostics.push({
            rule: 'built-for-this-processor',
            severity: 'warning',
            message: `stage "${stage.name}" compiles with ${flag}: what it makes runs only on processors that have all that the builder's has`,
            hint: 'Name the oldest processor that it has to run on: -march=x86-64-v3.',
            span: step.span,
            stage: stage.name,
          })
      }
    }
  }
  return {tuning, diagnostics}
}
