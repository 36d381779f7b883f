import type {Check} from '../../model/check.js'
import {diagnostic, quoted} from '../finding.js'
import {bodySpan, linesOf, sectionsNamed} from './sections.js'

export const hashBeforePlaceholder: Check = {
  name: 'hash-before-placeholder',
  severity: 'warning',
  summary: 'A # earlier on its line keeps a {{ NAME }} from being filled in.',
  why: 'Apptainer leaves the rest of a line alone behind any # that is followed by a character other than ! (D38). It is meant for comments, but also hits ${#name}, a URL with a fragment and a # in quotes: the braces stay in the text without a message.',
  bad: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%arguments\n  version=1.2\n%post\n  echo "issue #1 of {{ version }}" > /notes\n',
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%arguments\n  version=1.2\n%labels\n  Source https://example.org/#v{{ version }}\n',
    },
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%arguments\n  version=1.2\n%post\n  # uses {{ version }}\n  echo {{ version }} # and {{ version }}\n',
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%arguments\n  version=1.2\n%post\n  echo {{ version }} > /v\n  echo "#1 {{ .Values.x }}" > /chart\n',
    },
  ],
  find: description => {
    const names = new Map<number, Set<string>>()
    for (const {stage, section} of sectionsNamed(description, 'arguments')) {
      const own = names.get(stage.index) ?? new Set<string>()
      names.set(stage.index, own)
      for (const {text} of linesOf(section.body)) {
        const key = /^\s*([^#=\s][^=]*?)\s*=/.exec(text.slice(0, 500))?.[1]
        if (key !== undefined) own.add(key)
      }
    }
    return description.stages.flatMap(stage =>
      (stage.definition?.sections ?? []).flatMap(section => {
        const own = names.get(stage.index)
        if (own === undefined || section.name === 'arguments' || section.name === 'help' || !section.body.includes('{{'))
          return []
        return [...linesOf(section.body)].flatMap(({text, from}) => {
          const hash = /#[^!]/.exec(text)?.index
          if (hash === undefined || /^\s*#/.test(text)) return []
          const isScript = !['files', 'labels'].includes(section.name)
          // Behind a blank and outside of quotes it is a comment, and nobody misses anything.
          if (isScript && /\s/.test(text.charAt(hash - 1)) && !insideQuotes(text, hash)) return []
          for (const match of text.slice(hash).matchAll(/\{\{\s*(\w+)\s*\}\}/g)) {
            if (!own.has(match[1] ?? '')) continue
            const at = from + hash + match.index
            return diagnostic(hashBeforePlaceholder, {
              span: bodySpan(section, at, at + match[0].length),
              stage,
              message: `${quoted(match[0])} stays as it is: the # before it on the line ends the filling in of build arguments.`,
              hint: 'Put the # on another line than the placeholder, for example in a shell variable.',
            })
          }
          return []
        })
      }),
    )
  },
}

function insideQuotes(text: string, at: number): boolean {
  let quote = ''
  for (let i = 0; i < at; i += 1) {
    const character = text.charAt(i)
    if (quote === '' && (character === '"' || character === "'")) quote = character
    else if (character === quote) quote = ''
    else if (character === '\\' && quote !== "'") i += 1
  }
  return quote !== ''
}
