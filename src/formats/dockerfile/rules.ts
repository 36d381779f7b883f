/** Everything that the writer of Dockerfiles may refuse or warn of: the loss table of the documentation is made from it. */
import type {ConversionRule} from '../../model/grade.js'

export const rules = {
  'base-not-docker': {
    grade: 'refused',
    why: 'Docker starts from images of registries only; the base is a local image, a library image or made by package tools.',
    instead: 'Push it to a registry, or name another base: --base REF=docker://IMAGE',
  },
  'context-of-another-file': {
    grade: 'refused',
    why: 'The stage comes from another file with a build context of its own, and a Dockerfile has one context.',
    instead: 'Convert that file by itself, or use --to stages.',
  },
  'copy-from-unknown-stage': {
    grade: 'refused',
    why: 'No stage has the name.',
    instead: 'Correct the name.',
  },
  'definition-app': {
    grade: 'refused',
    why: 'Docker has no apps in an image.',
    instead: 'Install the program in %post, and start it by %runscript.',
  },
  'definition-copy': {
    grade: 'refused',
    why: 'What %files means depends on the machine that builds, or on a folder outside the build context.',
    instead: 'Copy the files into the context, and name them there.',
  },
  'definition-environment': {
    grade: 'refused',
    why: '%environment does more than set variables, and the image has no run script that could do it first.',
    instead: 'Write lines of the form export NAME=value.',
  },
  'definition-labels': {
    grade: 'refused',
    why: '%post writes labels while it runs, and a Dockerfile has to say them before.',
    instead: 'Write them into %labels.',
  },
  'definition-script': {
    grade: 'refused',
    why: 'The script runs on the machine that builds, or needs something that only Apptainer gives it.',
    instead: 'The message tells what; do the work before the build, or inside the image.',
  },
  'inline-with-blanks': {
    grade: 'refused',
    why: 'A here-document cannot go to a path with blanks: only the JSON form could say it, and has none.',
    instead: 'Copy a file instead.',
  },
  'inline-without-newline': {
    grade: 'refused',
    why: 'A here-document always ends in a line feed.',
    instead: 'End the text with one, or copy a file.',
  },
  'line-break-in-value': {
    grade: 'refused',
    why: 'A Dockerfile cannot write a value of several lines.',
    instead: 'Put the value into a file that is copied in.',
  },
  'lost-base-variable': {
    grade: 'refused',
    why: 'A value needs a variable of the base image that has another value by then.',
    instead: 'Keep the value in a variable of its own before it is changed.',
  },
  'unknown-base-stage': {
    grade: 'refused',
    why: 'The stage that it starts from is not there.',
    instead: 'Name a stage that is there.',
  },
  'unwritable-name': {
    grade: 'refused',
    why: 'The name cannot stand in a Dockerfile.',
    instead: 'Choose another one.',
  },
  'unwritable-text': {
    grade: 'refused',
    why: 'No line of a Dockerfile can hold the text: line breaks, a NUL, or more than 65,535 bytes.',
    instead: 'Put the text into a script that is copied in.',
  },
  'environment-at-start': {
    grade: 'approximate',
    why: '%environment does more than set variables: it is carried out when the run script starts, not by docker exec.',
    instead: 'Write lines of the form export NAME=value.',
  },
  'no-docker-equivalent': {
    grade: 'approximate',
    why: 'A Dockerfile has no place for it.',
    instead: 'Nothing has to be done, or keep it beside the image.',
  },
} as const satisfies Readonly<Record<string, ConversionRule>>

export type RefusedRule = {
  [Name in keyof typeof rules]: (typeof rules)[Name]['grade'] extends 'refused' ? Name : never
}[keyof typeof rules]
export type WarnedRule = Exclude<keyof typeof rules, RefusedRule>
