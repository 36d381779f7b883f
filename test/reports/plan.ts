import type {Diagnostic} from '../../src/model/diagnostic.js'
import type {Plan} from '../../src/model/plan.js'

export function finding(overrides: Partial<Diagnostic> = {}): Diagnostic {
  return {
    rule: 'copy-from-self',
    severity: 'error',
    message: 'Stage "me" copies from itself.',
    hint: 'Move it.',
    span: {file: 'a/x.def', start: {line: 2, column: 13}, end: {line: 2, column: 15}},
    stage: 'me',
    ...overrides,
  }
}

export const plan: Plan = {
  input: 'stages.yaml',
  target: 'final',
  stages: [
    {
      name: 'compiler',
      index: 0,
      base: {kind: 'image', reference: 'docker://debian:12'},
      needs: [],
      copies: [{from: {kind: 'context'}, sources: ['hello.c', 'Makefile'], destination: '/src/', file: 'stages.yaml', line: 8}],
      artifacts: [
        {path: '/src/hello', wantedBy: ['final']},
        {path: '/src/"<b>', wantedBy: ['final']},
      ],
      key: `sha256:${'0'.repeat(64)}`,
      cached: true,
    },
    {name: 'base', index: 1, base: {kind: 'scratch'}, needs: [], copies: [], artifacts: [], cached: false},
    {
      name: 'final',
      index: 2,
      base: {kind: 'stage', reference: 'base'},
      needs: ['base', 'compiler'],
      copies: [
        {
          from: {kind: 'stage', name: 'compiler'},
          sources: ['/src/hello'],
          destination: '/bin/hello',
          file: 'stages.yaml',
          line: 15,
        },
        {
          from: {kind: 'stage', name: 'compiler'},
          sources: ['/src/"<b>'],
          destination: '/\u001b[31m',
          file: 'stages.yaml',
          line: 16,
        },
        {from: {kind: 'inline'}, sources: ['x.conf'], destination: '/etc/x.conf', file: 'stages.yaml', line: 17},
      ],
      artifacts: [],
      cached: false,
      why: 'the steps of the stage have changed',
    },
  ],
  order: [['compiler', 'base'], ['final']],
  diagnostics: [finding()],
}
