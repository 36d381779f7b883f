/** The description in YAML (or JSON, which is YAML). Its language is said in schema.ts. */
import type {Format} from '../../model/format.js'
import {formatYaml} from './format.js'
import {matchesYamlName, matchesYamlText} from './match.js'
import {readYaml} from './read.js'
import {writeYaml} from './write.js'
import {writeChain} from './write-chain.js'

export const yaml: Format = {
  name: 'yaml',
  title: 'a description in YAML',
  matchesName: matchesYamlName,
  matchesText: matchesYamlText,
  read: readYaml,
  write: writeYaml,
  writeChain,
  format: formatYaml,
}
