/** Everything that the writer of descriptions in YAML may refuse. */
import {dockerfile} from '../../model/examples.js'
import type {ConversionRule} from '../../model/grade.js'

export const rules = {
  'no-yaml-form': {
    grade: 'refused',
    why: 'A description in YAML has no way to say it; the message tells what.',
    instead: 'Convert to a definition file or a Dockerfile instead, or let sifstage build the input as it is.',
    bad: [dockerfile('FROM debian:12\nENV "A B"=x\n')],
    good: [dockerfile('FROM debian:12\nENV A=x\n')],
  },
  'lost-base-variable': {
    grade: 'refused',
    why: 'A value needs a variable of the base that has another value at that line already.',
    instead: 'Keep it in a variable of its own before it is changed.',
    bad: [dockerfile('FROM debian:12\nENV OLD=$PATH\nENV PATH=/x\nWORKDIR $OLD\n')],
    good: [dockerfile('FROM debian:12\nENV OLD=$PATH\nENV PATH=/x:$OLD\n')],
  },
} as const satisfies Readonly<Record<string, ConversionRule>>
