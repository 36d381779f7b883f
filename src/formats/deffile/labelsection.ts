/** LABEL: `%labels` for what that can say, else lines for `$SINGULARITY_LABELS`, else `labels.json` itself (D30, D31, D121). */
import {configOf} from '../../language/image-config.js'
import type {Settings, Stage} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import {placeholders} from './arguments.js'
import type {PrintedItem, PrintedSection} from './print.js'
import {shellWord, templateWord} from './quote.js'
import type {StageScript} from './script.js'

/** Keys that images from registries commonly carry; theirs would win over %labels (D121). */
const commonLabels =
  /^(maintainer|name|vendor|version|release|architecture|summary|description|url|license|vcs-(ref|type|url)|build-date|com\..*|io\..*|org\.opencontainers\.image\..*|org\.label-schema\..*)$/i

export function labelSections(script: StageScript, settings: Settings, root: Stage): PrintedSection[] {
  const config = configOf(root.base)
  const last = new Map((settings.labels ?? []).map(label => [label.name, label]))
  const ambiguous = spelledInTwoWays([...last.values()].map(({value}) => plainText(value) ?? ''))
  const items: PrintedItem[] = []
  const odd = new Map<string, string>()
  for (const {name, value, span} of last.values()) {
    const text = plainText(value)
    if (text !== undefined && !isSayable(name, text)) {
      if (config === undefined && root.base.kind !== 'scratch')
        script.refuse(
          'label',
          span,
          `Label ${JSON.stringify(name)} cannot be written in %labels: a name has no blanks, a value is one line without blanks around it.`,
          'Change the label, or convert where the configuration of the base image can be read.',
        )
      else odd.set(name, text)
      continue
    }
    const wins = config === undefined ? root.base.kind === 'image' && commonLabels.test(name) : config.labels.has(name)
    if (text === undefined || wins || (!script.hostMode && ambiguous(text))) overwrite(script, name, value)
    else items.push({text: `${name} ${text}`.trimEnd()})
  }
  if (odd.size > 0) writeJson(script, new Map([...(config?.labels ?? []), ...odd]), last.keys())
  return items.length === 0 ? [] : [{title: 'labels', items}]
}

/** D37: two spellings of one name in braces would come out as one; the shell of %post keeps them apart. */
function spelledInTwoWays(texts: readonly string[]): (text: string) => boolean {
  const spellings = new Map<string, Set<string>>()
  for (const {name, spelling} of texts.flatMap(placeholders))
    spellings.set(name, (spellings.get(name) ?? new Set<string>()).add(spelling))
  return text => placeholders(text).some(({name}) => (spellings.get(name)?.size ?? 0) > 1)
}

function isSayable(name: string, text: string): boolean {
  return name !== '' && !/\s|^[#%]/.test(name) && !/[\n\r]/.test(text) && text === text.trim()
}

function overwrite(script: StageScript, name: string, value: Template): void {
  const word = templateWord([`${name} `, ...value])
  // echo of some shells would take a backslash for an escape.
  script.post(`${word.includes('\\') ? "printf '%s\\n'" : 'echo'} ${word} >> "$SINGULARITY_LABELS"`)
}

/** Apptainer adds its own labels and those of `%labels` to what lies there. */
function writeJson(script: StageScript, labels: ReadonlyMap<string, string>, own: Iterable<string>): void {
  const names = new Set(own)
  const text = JSON.stringify(
    Object.fromEntries([...labels].filter(([name, value]) => !names.has(name) || !isSayable(name, value))),
    null,
    2,
  )
  if (script.hostMode) script.setup(`printf '%s\\n' ${shellWord(text)} > "$SINGULARITY_ROOTFS/.singularity.d/labels.json"`)
  else script.post(`printf '%s\\n' ${shellWord(text)} > /.singularity.d/labels.json`)
}
