/** What the report looks for in an image, in the order in which it is printed. A new topic is one file and one line here. */
import type {Looked, ReportSection} from '../model/report.js'
import {cpu} from './cpu.js'
import {cuda} from './cuda.js'
import {distribution} from './distribution.js'
import {leftovers} from './leftovers.js'
import {libc} from './libc.js'
import {mpi} from './mpi.js'
import {privileges} from './privileges.js'
import {rocm} from './rocm.js'
import {sizes} from './sizes.js'
import {start} from './start.js'
import {tools} from './tools.js'
import type {Facts, Topic} from './topic.js'

export const topics = {sizes, distribution, start, libc, cpu, mpi, cuda, rocm, privileges, tools, leftovers} as const

type DataOf<T> = T extends Topic<infer Data> ? Data : never

/** What all topics found, by their names. */
export type Findings = {readonly [Name in keyof typeof topics]: DataOf<(typeof topics)[Name]>}

export interface Inspected {
  readonly findings: Findings
  /** For people: those topics that have something to say. */
  readonly sections: readonly ReportSection[]
}

/** Lets every topic judge. */
export function lookAtAll(facts: Facts): Inspected {
  const looked = Object.entries(topics).map(([name, topic]): readonly [string, string, Looked<object>] => [
    name,
    topic.title,
    topic.look(facts),
  ])
  // The one place where names and topics are paired: the types of single topics are lost in a loop over them.
  const findings = Object.fromEntries(looked.map(([name, , {data}]) => [name, data])) as Findings
  return {
    findings,
    sections: looked.flatMap(([, title, {rows, head}]) =>
      rows.length === 0 ? [] : [{title, rows, ...(head === undefined ? {} : {head})}],
    ),
  }
}
