import type {RanCommand} from '../../language/shell-walk.js'
import type {Check} from '../../model/check.js'
import type {CopyStep} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import {diagnostic, lineOf, quoted} from '../finding.js'
import {commandSpan, stageScript} from '../scripts.js'

/** Commands that need nothing but a list of dependencies. */
function dependencyList(ran: RanCommand): string | undefined {
  const {program = '', argv} = ran
  const words = argv.map(each => each.value ?? each.raw)
  const [, first = '', second = ''] = words
  const isPip = /^pip3?$/.test(program) || (/^python3?$/.test(program) && first === '-m' && second === 'pip')
  if (isPip) {
    const at = words.findIndex(word => word === '-r' || word === '--requirement')
    const name = at === -1 ? undefined : words[at + 1]
    // `pip install -r x.txt .` needs the sources too.
    return name === undefined || words.some(word => /^(\.|\.\/.*|-e|--editable)$/.test(word)) ? undefined : name
  }
  if (program === 'npm' && /^(ci|install|i)$/.test(first))
    return words.slice(2).every(word => word.startsWith('-')) ? 'package.json' : undefined
  if (program === 'yarn' && (first === '' || first === 'install')) return 'package.json'
  if (program === 'pnpm' && /^(i|install|fetch)$/.test(first)) return 'package.json'
  if (program === 'go' && first === 'mod' && second === 'download') return 'go.mod'
  if (program === 'cargo' && first === 'fetch') return 'Cargo.toml'
  if (program === 'bundle' && first === 'install') return 'Gemfile'
  if (program === 'poetry' && first === 'install' && words.includes('--no-root')) return 'pyproject.toml'
  if (program === 'mvn' && words.some(word => word.startsWith('dependency:'))) return 'pom.xml'
  if (/^(conda|mamba|micromamba)$/.test(program) && words.includes('create')) {
    const at = words.findIndex(word => word === '-f' || word === '--file')
    return at === -1 ? undefined : words[at + 1]
  }
  return undefined
}

export const sourcesBeforeDependencies: Check = {
  name: 'sources-before-dependencies',
  severity: 'info',
  summary: 'All sources are copied before dependencies are installed, so each change installs them anew.',
  why: 'A step is taken from the cache as long as nothing before it has changed. Copy the list of dependencies first, install them, and copy the sources after that: then a change of the sources costs no new installation.',
  bad: [
    {
      format: 'dockerfile',
      text: 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n',
      files: {'requirements.txt': ''},
    },
    {
      format: 'dockerfile',
      text: 'FROM node:20\nWORKDIR /app\nCOPY . /app\nRUN npm ci && npm run build\n',
      files: {'package.json': ''},
    },
  ],
  good: [
    {
      format: 'dockerfile',
      text: 'FROM python:3.12\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n',
      files: {'requirements.txt': ''},
    },
    {format: 'dockerfile', text: 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install .\n', files: {'pyproject.toml': ''}},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: python:3.12\n%files\n  . /app\n%post\n  pip install -r /app/requirements.txt\n',
      files: {'requirements.txt': ''},
    },
  ],
  find: description =>
    description.stages.flatMap(stage => {
      if (stage.rules === 'def') return []
      let whole: CopyStep | undefined
      for (const each of stageScript(description, stage).steps) {
        if (each.kind === 'other') {
          if (each.step.kind === 'copy' && copiesEverything(each.step)) whole ??= each.step
          continue
        }
        if (whole === undefined) continue
        for (const ran of each.ran) {
          const list = dependencyList(ran)
          if (list === undefined) continue
          return diagnostic(sourcesBeforeDependencies, {
            span: commandSpan(each, ran),
            stage,
            message: `Every change of any file copied at ${lineOf(whole.span)} makes this run again, although it needs ${quoted(list)} alone.`,
            hint: `Copy ${list} by itself first, run this, and copy the rest after it.`,
          })
        }
      }
      return []
    }),
}

/** The context as a whole, without anything left out. */
function copiesEverything(step: CopyStep): boolean {
  if (step.from.kind !== 'context' || (step.exclude ?? []).length > 0) return false
  return step.sources.some(source => /^(\.|\.\/|\/|\*|\.\/\*)$/.test(plainText(source.path) ?? ''))
}
