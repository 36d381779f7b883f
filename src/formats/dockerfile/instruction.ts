/** The instructions of a Dockerfile as types, and what the language knows of each (K28, K31). */
import type {Span} from '../../model/span.js'
import type {Pair, Word} from './arguments.js'
import type {Flag, FlagTable} from './flags.js'
import type {Heredoc} from './heredocs.js'
import type {JoinedLine} from './joined.js'

export interface InstructionBase {
  readonly line: JoinedLine
  /** The whole instruction, here-documents included. */
  readonly span: Span
  /** Its first word. */
  readonly keyword: Span
  readonly comments: readonly string[]
  readonly flags: readonly Flag[]
}

/** `json`: the words of an array. `shell`: the rest of the line as one text (K32). */
export type CommandLine =
  | {readonly kind: 'json'; readonly words: readonly Word[]}
  | {readonly kind: 'shell'; readonly text: Word; readonly heredocs: readonly Heredoc[]}

/** One type for each name, so that a `switch` on the name tells exactly which it is. */
type Shape<Name extends string, Arguments> = Name extends string ? InstructionBase & {readonly name: Name} & Arguments : never

export type Instruction =
  | Shape<'FROM', {readonly image: Word; readonly as: Word | undefined}>
  | Shape<'ARG', {readonly arguments: readonly {readonly name: Word; readonly value: Word | undefined}[]}>
  | Shape<'ENV' | 'LABEL', {readonly pairs: readonly Pair[]}>
  | Shape<'RUN' | 'CMD' | 'ENTRYPOINT', {readonly command: CommandLine}>
  | Shape<'SHELL' | 'EXPOSE' | 'VOLUME', {readonly words: readonly Word[]}>
  | Shape<'COPY' | 'ADD', {readonly sources: readonly Word[]; readonly destination: Word; readonly heredocs: readonly Heredoc[]}>
  | Shape<'USER' | 'WORKDIR' | 'STOPSIGNAL' | 'MAINTAINER', {readonly value: Word}>
  /** Without a command it is HEALTHCHECK NONE. */
  | Shape<'HEALTHCHECK', {readonly test: CommandLine | undefined}>
  /** The text behind ONBUILD, with the here-documents that belong to it. */
  | Shape<'ONBUILD', {readonly trigger: string}>

export type InstructionName = Instruction['name']

/** K28 and K31: all instructions, and the flags each knows. */
export const flagTables: Readonly<Record<InstructionName, FlagTable>> = {
  ADD: {
    chown: 'value',
    chmod: 'value',
    link: 'switch',
    'keep-git-dir': 'switch',
    checksum: 'value',
    unpack: 'switch',
    exclude: 'many',
  },
  ARG: {},
  CMD: {},
  COPY: {from: 'value', chown: 'value', chmod: 'value', link: 'switch', parents: 'switch', exclude: 'many'},
  ENTRYPOINT: {},
  ENV: {},
  EXPOSE: {},
  FROM: {platform: 'value'},
  HEALTHCHECK: {interval: 'value', timeout: 'value', 'start-period': 'value', 'start-interval': 'value', retries: 'value'},
  LABEL: {},
  MAINTAINER: {},
  ONBUILD: {},
  RUN: {mount: 'many', network: 'value', security: 'value', device: 'many'},
  SHELL: {},
  STOPSIGNAL: {},
  USER: {},
  VOLUME: {},
  WORKDIR: {},
}

export function isInstructionName(name: string): name is InstructionName {
  return Object.hasOwn(flagTables, name)
}
