import type {Check} from '../../model/check.js'
import {plainText} from '../../model/template.js'
import {diagnostic, quoted} from '../finding.js'

export const addForCopy: Check = {
  name: 'add-for-copy',
  severity: 'info',
  summary: 'ADD is used where COPY says the same.',
  why: 'ADD also unpacks whatever turns out to be an archive by its content (K103), so what arrives depends on what a file holds. For plain files COPY does what is written, and nothing else.',
  bad: [{format: 'dockerfile', text: 'FROM debian:12\nADD tool.py /opt/tool.py\n', files: {'tool.py': ''}}],
  good: [
    {
      format: 'dockerfile',
      text: 'FROM debian:12\nCOPY tool.py /opt/tool.py\nADD tool.tar.gz /opt/\n',
      files: {'tool.py': '', 'tool.tar.gz': ''},
    },
    {
      format: 'dockerfile',
      text: 'FROM debian:12\nADD https://example.org/x /x\nADD --unpack=false a.tgz /a.tgz\n',
      files: {'a.tgz': ''},
    },
  ],
  find: description =>
    description.stages.flatMap(stage =>
      stage.steps.flatMap(step => {
        if (step.kind !== 'copy' || step.from.kind !== 'context' || step.unpack !== 'detect') return []
        const texts = step.sources.map(source => plainText(source.path))
        // An archive may have any name; only names that are none for certain are told.
        if (
          texts.some(
            text =>
              text === undefined ||
              !/\.(py|sh|txt|c|h|cpp|hpp|f90|js|ts|json|ya?ml|toml|cfg|conf|ini|md|R|jl|pl|go|rs|java|xml|env|repo|list|asc|gpg|key|def)$|^\.\/?$/.test(
                text,
              ),
          )
        )
          return []
        return diagnostic(addForCopy, {
          span: step.span,
          stage,
          message: `ADD ${quoted(texts.join(' '))} copies plain files, and would unpack them if they were archives.`,
          hint: 'Write COPY.',
        })
      }),
    ),
}
