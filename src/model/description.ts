/**
 * The shared stage description: what every front end makes and every back end reads.
 * Order is kept: a step means what it means because of the steps before it.
 */
import type {EngineName} from './engines.js'
import type {ImageConfig} from './image-config.js'
import type {ImageReference, LocalReference} from './reference.js'
import type {Span} from './span.js'
import type {Template} from './template.js'

export type FormatName = 'yaml' | 'dockerfile' | 'def'

/**
 * Whose rules a stage or step follows: `docker` means what BuildKit means (K rules), `def` what Apptainer
 * means by a definition file (D rules). Back ends switch on it; nothing is reinterpreted.
 */
export type Rules = 'docker' | 'def'

export interface Description {
  readonly format: FormatName
  /** The input's name as typed, `-` for standard input. */
  readonly file: string
  /** The person's own text, with build arguments filled in where the language does so textually (D43). It becomes the stored definition. */
  readonly text: string
  readonly stages: readonly Stage[]
  /** Patterns of libraries that the machine brings at run time (YAML `runtime-libraries:`). */
  readonly runtimeLibraries?: readonly string[]
  /** The target that the input itself names (YAML `target:`). */
  readonly target?: Named
}

/** A name as it was written, and where. */
export interface Named {
  readonly name: string
  readonly span: Span
}

export interface Stage {
  /** `stage-N` when it has no name of its own. Dockerfile names are lower-cased (K65). */
  readonly name: string
  /** Place in the input, from 0. */
  readonly index: number
  /** False for a generated name. */
  readonly named: boolean
  readonly rules: Rules
  /** The whole stage. */
  readonly span: Span
  /** Where the name stands, else the line that opens the stage. */
  readonly nameSpan: Span
  readonly base: Base
  readonly steps: readonly Step[]
  readonly settings: Settings
  /** The platform that FROM asks for. */
  readonly platform?: string
  /** The engine that builds this stage, whatever the others are built with (YAML `engine:`). */
  readonly engine?: Setting<EngineName>
  /** Comment lines directly above the stage, without their `#`. */
  readonly comment?: readonly string[]
  /** For a stage read from a definition file: its own words, since its labels come from its header (D120) and its scripts are single units. */
  readonly definition?: DefinitionStage
  /** Not of the input: it stands for its base as an engine that makes trees has it, for an OUT that is one (`withDelivery`). */
  readonly delivers?: true
}

export type Base =
  /** `config`: what the image itself says of how it runs, where somebody looked it up (`ReadOptions.configs`). */
  | {readonly kind: 'image'; readonly reference: ImageReference; readonly span: Span; readonly config?: ImageConfig}
  | {readonly kind: 'local'; readonly reference: LocalReference; readonly span: Span; readonly config?: ImageConfig}
  | {readonly kind: 'scratch'; readonly span: Span}
  /** `index` is undefined when no such stage exists where the language allows it. */
  | {readonly kind: 'stage'; readonly name: string; readonly index: number | undefined; readonly span: Span}
  /** A base that package tools make on the spot (debootstrap, yum, zypper, arch, busybox). */
  | {
      readonly kind: 'mirror'
      readonly agent: string
      /** All that its header says of it, one `key: value` a line, sorted: by this it is locked. */
      readonly header: string
      readonly span: Span
    }

export type Step = RunStep | CopyStep | EnvStep | ArgStep | WorkdirStep | UserStep

interface StepBase {
  readonly rules: Rules
  readonly span: Span
  /** Comment lines directly above the step, without their `#`. */
  readonly comment?: readonly string[]
}

export interface RunStep extends StepBase {
  readonly kind: 'run'
  /** `host`: runs on the machine that builds (`%pre`, `%setup`). */
  readonly where: 'image' | 'host'
  readonly command: Command
  /** For `rules: def`: the section it came from and the words after the section's name (D62). */
  readonly section?: {readonly name: 'pre' | 'setup' | 'post'; readonly arguments: readonly string[]}
  /** What is there for this command alone, in order (K128). */
  readonly mounts?: readonly Mount[]
  /** `RUN --network` other than the default. */
  readonly network?: 'none' | 'host'
  /** `RUN --security=insecure`. */
  readonly insecure?: true
}

/** A mount of one RUN (K128, K129). Paths are absolute once expanded; `target` may start at the working folder. */
export type Mount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount

interface MountBase {
  /** The flag, or the entry of a YAML list. */
  readonly span: Span
}

export interface BindMount extends MountBase {
  readonly kind: 'bind'
  readonly from: Exclude<CopyOrigin, {kind: 'inline' | 'url' | 'git'}>
  /** `/` is all of it. */
  readonly source: Template
  readonly target: Template
  /** What is written there is dropped all the same (K128). */
  readonly writable: boolean
}

export interface CacheMount extends MountBase {
  readonly kind: 'cache'
  /** Mounts of one id share their content. */
  readonly id: string
  readonly target: Template
  readonly sharing: 'shared' | 'private' | 'locked'
  /** Initial content. */
  readonly from?: Exclude<CopyOrigin, {kind: 'inline' | 'url' | 'git'}>
  readonly source?: Template
  readonly uid: number
  readonly gid: number
  readonly mode: number
  readonly readOnly: boolean
}

export interface TmpfsMount extends MountBase {
  readonly kind: 'tmpfs'
  readonly target: Template
  /** Bytes. */
  readonly size?: number
}

export interface SecretMount extends MountBase {
  readonly kind: 'secret'
  readonly id: string
  /** The file; undefined when it comes as a variable only. */
  readonly target: Template | undefined
  /** Name of the variable that holds it. */
  readonly env?: string
  readonly required: boolean
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

export interface SshMount extends MountBase {
  readonly kind: 'ssh'
  readonly id: string
  readonly target: Template | undefined
  readonly required: boolean
}

/**
 * `shell`: argv is `shell` plus one argument, the text (K113). `exec`: argv as written, no shell (K114).
 * `script`: a definition file's section body, run as a file by `sh -ex` (D60).
 * `text` of a `shell` holds its here-documents as the shell is to read them (K24).
 */
export type Command =
  | {readonly kind: 'shell'; readonly shell: readonly string[]; readonly text: string}
  | {readonly kind: 'exec'; readonly argv: readonly string[]}
  | {readonly kind: 'script'; readonly text: string}
  /** A here-document that starts with `#!`: a file `/dev/pipes/NAME` of mode 0755, there for this command alone, which is what the shell is given to run (K23). */
  | {readonly kind: 'file'; readonly shell: readonly string[]; readonly name: string; readonly text: string}

export interface CopyStep extends StepBase {
  readonly kind: 'copy'
  readonly from: CopyOrigin
  readonly sources: readonly CopySource[]
  /** Undefined (definition files only): the same path as the source (D28). */
  readonly destination: CopyDestination | undefined
  /** `user[:group]` as in `COPY --chown` (K97). */
  readonly chown?: Template
  /** Octal or symbolic, as in `COPY --chmod` (K98). */
  readonly chmod?: Template
  /** What the artifact has to be, beyond being there. */
  readonly expect?: Expectation
  /** `--link`: nothing that is there already is looked at (K100). */
  readonly link?: true
  /** `--parents`: sources keep their path below the destination (K101). */
  readonly parents?: true
  /** `--exclude`, relative to each copied folder (K102). */
  readonly exclude?: readonly string[]
  /** ADD: `detect` unpacks what is an archive by its content (K103), `always` and `never` are `--unpack`. Undefined for COPY. */
  readonly unpack?: 'detect' | 'always' | 'never'
}

export interface CopySource {
  /** As written after substitution; may be a pattern. Its language is the step's rules. */
  readonly path: Template
  readonly span: Span
}

export interface CopyDestination {
  /** Relative to the folder of its step where that is not known (`WorkdirStep`). */
  readonly path: Template
  readonly span: Span
}

export type CopyOrigin =
  /** `folder`: below the build context, for a stage whose file lies there (YAML `file:`); its own `.dockerignore` holds. */
  | {
      readonly kind: 'context'
      readonly folder?: string
      /** Path in the context of the ignore file that holds for `folder`, instead of the context's own. */
      readonly ignore?: string
    }
  /** `name` as written (a name or an index); `index` is undefined when no stage is meant by it. */
  | {readonly kind: 'stage'; readonly name: string; readonly index: number | undefined; readonly span: Span}
  /** `replacement`: the local image that `--base` puts in its place. */
  | {readonly kind: 'image'; readonly reference: ImageReference; readonly replacement?: LocalReference; readonly span: Span}
  /** The text itself is the source: one file per source, in the same order. */
  | {readonly kind: 'inline'; readonly files: readonly {readonly name: string; readonly text: Template}[]}
  /** ADD of a URL (K104): one step each. `sources` holds the name that the file gets in a folder. */
  | {readonly kind: 'url'; readonly url: string; readonly checksum?: string; readonly span: Span}
  /** ADD of a git repository (K105): its content, as a folder. `ref` is a branch, a tag or a commit. */
  | {
      readonly kind: 'git'
      readonly repository: string
      readonly ref?: string
      /** Folder in the repository. */
      readonly folder?: string
      readonly checksum?: string
      readonly keepGitDir: boolean
      readonly submodules: boolean
      readonly span: Span
    }

export interface Expectation {
  readonly kind?: 'file' | 'directory' | 'symlink'
  readonly executable?: boolean
  /** Bytes of the file, or of all files in the folder. */
  readonly minSize?: number
  readonly maxSize?: number
  /** 64 digits. */
  readonly sha256?: string
  /** In Go's words. */
  readonly arch?: string
  /** Patterns of names that the program has to be linked with. */
  readonly libraries?: readonly string[]
  readonly static?: boolean
  readonly span: Span
}

export interface EnvStep extends StepBase {
  readonly kind: 'env'
  /** Set together: every value was expanded before any was set (K50). */
  readonly variables: readonly {readonly name: string; readonly value: Template}[]
}

/** A build argument from its line on: visible to later expansion and RUN, not kept in the image (K59). */
export interface ArgStep extends StepBase {
  readonly kind: 'arg'
  readonly name: string
  /** Undefined: declared, but nobody gave it a value (K58). */
  readonly value: Template | undefined
}

export interface WorkdirStep extends StepBase {
  readonly kind: 'workdir'
  /**
   * Absolute and clean. It is relative to the folder of the steps before where that comes from a base whose
   * configuration is not known, and may start with a variable of the base.
   */
  readonly path: Template
}

export interface UserStep extends StepBase {
  readonly kind: 'user'
  /** `user[:group]`. */
  readonly user: Template
}

/** What the image of a stage does when it runs. Only what this stage itself says; a parent's settings are inherited. */
export interface Settings {
  /** YAML `env:`: variables of the finished image only. Those that steps need are env steps. */
  readonly env?: readonly {readonly name: string; readonly value: Template; readonly span: Span}[]
  readonly labels?: readonly {readonly name: string; readonly value: Template; readonly span: Span}[]
  /** An empty `exec` argv clears an inherited one (K123). */
  readonly entrypoint?: Setting<Command>
  readonly cmd?: Setting<Command>
  /** SHELL as the stage leaves it: for children, and for what the image stores (K125). */
  readonly shell?: Setting<readonly string[]>
  /** The words of EXPOSE after expansion. */
  readonly expose?: readonly Setting<Template>[]
  readonly volumes?: readonly Setting<Template>[]
  readonly stopSignal?: Setting<Template>
  readonly healthcheck?: Setting<Healthcheck>
  readonly maintainer?: Setting<string>
  /** ONBUILD triggers for images that start from this one, as text (K37). */
  readonly onbuild?: readonly Setting<string>[]
  /** Scripts of the definition file's kind. `arguments` are the words after the section's name (D83). */
  readonly runscript?: Script
  readonly startscript?: Script
  readonly test?: Script
  /** Shell text that is sourced when the image starts (`%environment`, D84). */
  readonly environment?: Script
  readonly help?: Script
}

/** HEALTHCHECK; `none` clears an inherited one. Durations as they were written. */
export type Healthcheck =
  | {readonly kind: 'none'}
  | {
      readonly kind: 'command'
      readonly command: Command
      readonly interval?: string
      readonly timeout?: string
      readonly startPeriod?: string
      readonly startInterval?: string
      readonly retries?: number
    }

export interface Setting<T> {
  readonly value: T
  readonly span: Span
}

export interface Script {
  readonly text: string
  readonly arguments?: readonly string[]
  readonly span: Span
}

/** A stage of a definition file as written, after substitution of build arguments. */
export interface DefinitionStage {
  /** The stage's whole text, `Bootstrap:` first (D141 step 1). */
  readonly text: string
  /** Header keys in lower case, in order, the last of a repeated key only (D11). */
  readonly headers: readonly {readonly key: string; readonly value: string; readonly span: Span}[]
  /** Sections in order of first appearance, repeated ones merged (D19); `name` in lower case. */
  readonly sections: readonly {readonly name: string; readonly arguments: string; readonly body: string; readonly span: Span}[]
}
