/** What the writers of stages share. */
import type {Description, Stage} from '../../model/description.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import type {WriteOptions} from '../../model/format.js'
import type {Span} from '../../model/span.js'
import type {Template} from '../../model/template.js'

export class Writing {
  readonly diagnostics: Diagnostic[] = []

  constructor(
    readonly description: Description,
    readonly options: WriteOptions,
  ) {}

  /** Something that YAML can't say. */
  refuse(stage: Stage, rule: string, span: Span, message: string, hint: string): void {
    this.diagnostics.push({
      rule,
      severity: this.options.allow.has(rule) ? 'warning' : 'error',
      message,
      hint,
      span,
      stage: stage.name,
    })
  }
}

/** How a stage leaves what a child goes on with (K76). */
export interface StageEnd {
  /** Values of variables as they are now, in terms of the base's. */
  readonly variables: Map<string, Template>
  readonly shell: readonly string[]
}
