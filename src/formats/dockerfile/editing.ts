/** What an editor asks of a Dockerfile that is being written. */
import type {Editing, EditorWord} from '../../model/format.js'
import {readDockerfile} from './read.js'

const instructions: readonly EditorWord[] = [
  {word: 'FROM', about: 'begins a stage: FROM BASE [AS NAME]'},
  {word: 'RUN', about: 'runs a command'},
  {word: 'COPY', about: 'copies files of the build context; --from=STAGE: of another stage'},
  {word: 'ADD', about: 'copies as COPY, unpacks archives, fetches URLs and git repositories'},
  {word: 'ENV', about: 'variables, for later commands and at run time'},
  {word: 'ARG', about: 'a value that --build-arg changes'},
  {word: 'WORKDIR', about: 'the folder of later commands'},
  {word: 'USER', about: 'who runs later commands'},
  {word: 'ENTRYPOINT', about: 'the program of the image'},
  {word: 'CMD', about: 'its arguments, or the program where there is no ENTRYPOINT'},
  {word: 'LABEL', about: 'NAME=VALUE'},
  {word: 'SHELL', about: 'the shell of later commands'},
  {word: 'EXPOSE', about: 'a port; without effect in a .sif'},
  {word: 'VOLUME', about: 'a folder for data; without effect in a .sif'},
  {word: 'HEALTHCHECK', about: 'how docker asks whether it works; without effect in a .sif'},
  {word: 'STOPSIGNAL', about: 'how docker stops it; without effect in a .sif'},
  {word: 'ONBUILD', about: 'an instruction for images that start from this one'},
]

export const editing: Editing = {
  anyOrder: false,
  stages(text) {
    const {description} = readDockerfile('-', text, {buildArgs: new Map(), architecture: 'amd64'})
    if (description !== undefined)
      return description.stages.map(({name, named, span}) => ({name: named ? name : undefined, line: span.start.line}))
    // A line that is being written is not right yet.
    return text.split('\n').flatMap((line, at) => {
      if (!/^\s*from\s/i.test(line)) return []
      const name = /\sas\s+(\S+)\s*$/i.exec(line)?.[1]?.toLowerCase()
      return [{name, line: at + 1}]
    })
  },
  expected(before, start) {
    const stage =
      /^\s*(?:copy|add)\s.*--from=(\S*)$/i.exec(start)?.[1] ??
      /--mount=\S*\bfrom=([^\s,]*)$/.exec(start)?.[1] ??
      /^\s*from\s+(?:--platform=\S+\s+)?([^\s-]\S*|)$/i.exec(start)?.[1]
    if (stage !== undefined) return {typed: stage, what: 'stages'}
    const word = /^\s*(\w*)$/.exec(start)?.[1]
    // The line goes on from the one above it.
    if (word === undefined || /\\\s*$/.test(before.at(-1) ?? '')) return undefined
    return {typed: word, what: instructions}
  },
}
