/** The Dockerfile as a format. https://docs.docker.com/reference/dockerfile/ */
import type {Format} from '../../model/format.js'
import {readDockerfile} from './read.js'
import {surveyDockerfile} from './survey.js'
import {writeDockerfile, writeDockerfiles} from './write.js'

export const dockerfile: Format = {
  name: 'dockerfile',
  title: 'a Dockerfile',
  matchesName: name =>
    /^(Dockerfile|Containerfile)$|\.Dockerfile$/i.test(name) || (/^Dockerfile\./i.test(name) && !/\.def$/i.test(name)),
  matchesText: text => /^(FROM|ARG)$/i.test(firstWord(text)),
  read: readDockerfile,
  write: writeDockerfile,
  writeStages: writeDockerfiles,
  survey: surveyDockerfile,
}

/** The first word that stands in no comment. */
function firstWord(text: string): string {
  for (const line of text.replace(/^\uFEFF/, '').split('\n', 10_000)) {
    const words = line.trim()
    if (words !== '' && !words.startsWith('#')) return words.split(/\s/, 1)[0] ?? ''
  }
  return ''
}
