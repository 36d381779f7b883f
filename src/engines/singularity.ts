/**
 * Where Apptainer and SingularityCE differ (table H of docs/semantics/definition-files.md, D160-D175), by family and
 * version: the one place that knows. What is said of SingularityCE comes from its source and change log; it has not been
 * tried against the real thing, since no package of it was at hand.
 */
import {hasPattern} from '../language/shellglob.js'
import type {CopyStep, Stage} from '../model/description.js'
import type {TreeEngineName} from '../model/engines.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Mapping} from '../model/ports.js'
import {showTemplate} from '../model/template.js'

export interface Traits {
  /** Number of a range of versions that behave alike: part of every key. */
  readonly generation: number
  /** What `build` needs to run as an ordinary user (D162). Apptainer implies it. */
  readonly buildFlags: (mapping: Mapping) => readonly string[]
  /** Flags of the caller that the family knows; the other one ends at them. */
  readonly ignoreFlags: readonly string[]
  /** Variables of the host that name the folder for temporary files (D160). */
  readonly temporary: readonly string[]
  /** Whether `{{ NAME }}` is filled in (D161); what is left of them in a text of ours is kept by `%arguments`. */
  readonly fillsIn: boolean
  /** How sources of `%files` are expanded (D163). */
  readonly sources: 'shell' | 'go'
  /** Whether `d/` of another stage means what is in it, and `..` is kept (D165). */
  readonly keepsEndOfSource: boolean
  /** A version that cannot be built with. */
  readonly trouble: {readonly text: string; readonly fix: string} | undefined
}

/** Version ranges that behave alike. */
const APPTAINER = [
  [1, 0],
  [1, 1],
  [1, 2],
  [1, 3],
  [1, 4],
  [1, 5],
  [1, 6],
] as const
/** 4.1 is parted at 4.1.4 by nothing that our own text uses (D166). */
const SINGULARITY = [
  [3, 11],
  [4, 0],
  [4, 1],
  [4, 2],
  [4, 3],
  [4, 4],
  [4, 5],
] as const
/** Keys of the two families never meet. */
const SINGULARITY_FROM = 100

/** The number of the last range that has begun at a version; versions newer than we know behave like the newest known. */
function rangeOf(version: string, ranges: readonly (readonly [major: number, minor: number])[]): number {
  const [major = 0, minor = 0] = version.split('.').map(part => Number.parseInt(part, 10))
  return ranges.filter(([atMajor, atMinor]) => major > atMajor || (major === atMajor && minor >= atMinor)).length
}

/** The traits of a version such as `1.4.5-2.el9`, `4.1.3-jammy`. */
export function traitsOf(family: TreeEngineName, version: string): Traits {
  if (family === 'apptainer')
    return {
      generation: rangeOf(version, APPTAINER),
      buildFlags: () => [],
      ignoreFlags: ['--ignore-subuid', '--ignore-fakeroot-command'],
      temporary: ['APPTAINER_TMPDIR', 'SINGULARITY_TMPDIR'],
      fillsIn: rangeOf(version, [[1, 2]]) > 0,
      sources: 'shell',
      keepsEndOfSource: true,
      trouble: undefined,
    }
  const range = rangeOf(version, SINGULARITY)
  return {
    generation: SINGULARITY_FROM + range,
    buildFlags: mapping => (mapping === 'none' ? [] : ['--fakeroot']),
    ignoreFlags: [],
    temporary: ['SINGULARITY_TMPDIR'],
    fillsIn: rangeOf(version, [[4, 0]]) > 0,
    sources: 'go',
    keepsEndOfSource: false,
    trouble:
      range > 0
        ? undefined
        : {
            text: `SingularityCE ${version} is too old: 3.11 is the oldest whose rules are known here`,
            fix: 'install SingularityCE 3.11 or newer, or Apptainer',
          },
  }
}

/** Something that a definition file's stage says and the engine would do otherwise. */
export interface Unfit {
  /** Rule of docs/semantics/definition-files.md. */
  readonly rule: string
  readonly message: string
  readonly hint: string
  readonly line: number
}

/** What Go's `filepath.Match` reads otherwise than the shell: hidden names, `~`, variables, braces, commands (D163). */
function unfitSource(source: string, line: number): Unfit | undefined {
  if (/^~|[$`{}]|\\[^*?[\]\\]/.test(source))
    return {
      rule: 'D163',
      line,
      message: `SingularityCE does not fill in ~, $NAME and braces in %files: ${source}`,
      hint: 'Write the paths out, or build with Apptainer.',
    }
  if (hasPattern(source) && source.split('/').some(part => /^[*?[]/.test(part)))
    return {
      rule: 'D163',
      line,
      message: `a pattern at the start of a name takes hidden files too on SingularityCE, and not on Apptainer: ${source}`,
      hint: 'Name the folder itself, or build with Apptainer.',
    }
  return undefined
}

/** A folder's content, or a path with `..`, of another stage (D165). */
function unfitEnd(source: string, line: number): Unfit | undefined {
  if (source !== '/' && /\/\.?$/.test(source))
    return {
      rule: 'D165',
      line,
      message: `${source} of another stage is the folder itself on SingularityCE, and what is in it on Apptainer`,
      hint: 'Copy the folder as a whole to a path that is not there yet (D107), or build with Apptainer.',
    }
  if (source.split('/').includes('..'))
    return {
      rule: 'D165',
      line,
      message: `SingularityCE works ".." out before it looks: ${source}`,
      hint: 'Write the path without "..", or build with Apptainer.',
    }
  return undefined
}

function unfitCopy(step: CopyStep, traits: Traits): Unfit[] {
  return step.sources.flatMap(({path, span}) => {
    const source = showTemplate(path)
    const {line} = span.start
    const found = traits.sources === 'go' ? unfitSource(source, line) : undefined
    const end = step.from.kind === 'stage' && !traits.keepsEndOfSource ? unfitEnd(source, line) : undefined
    return [found, end].filter(each => each !== undefined)
  })
}

/**
 * What of a stage the engine would do otherwise than its language says. Stages of docker's rules are carried out by us,
 * with commands that both families take.
 */
export function unfitParts(stage: Stage, traits: Traits): readonly Unfit[] {
  if (stage.rules !== 'def') return []
  const parts = stage.steps.flatMap(step => (step.kind === 'copy' ? unfitCopy(step, traits) : []))
  const own = stage.definition?.text ?? ''
  if (!traits.fillsIn && /^[^\S\n]*%arguments\b/im.test(own))
    parts.push({
      rule: 'D161',
      line: stage.span.start.line,
      message: 'this version fills in no build arguments: it takes %arguments for an unknown section',
      hint: 'SingularityCE 4.0 or Apptainer 1.2 can.',
    })
  if (traits.sources === 'go' && stage.base.kind === 'mirror' && stage.base.agent === 'buildkit')
    parts.push({
      rule: 'D170',
      line: stage.span.start.line,
      message: 'SingularityCE has no bootstrap agent "buildkit"',
      hint: 'Build with Apptainer 1.5 or newer.',
    })
  return parts
}

/** @throws SifstageError (3) where the engine would make something else of a stage than its language says */
export function refuseUnfit(stage: Stage, traits: Traits, program: {readonly name: string; readonly version: string}): void {
  const [first] = unfitParts(stage, traits)
  if (first === undefined) return
  throw new SifstageError(
    ExitCode.unfaithful,
    `stage "${stage.name}", line ${first.line}: ${first.message} (${first.rule}; this is ${program.name} ${program.version})`,
    first.hint,
  )
}
