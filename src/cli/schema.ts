/** `schema`: the JSON Schema of YAML descriptions. */
import {ExitCode, schema} from '../index.js'
import {visible} from '../reports/visible.js'
import type {Outcome} from './outcome.js'

export async function runSchema(output: string | undefined): Promise<Outcome> {
  const text = await schema(output)
  return {exitCode: ExitCode.done, document: {}, text: output === undefined ? text : '', messages: ''}
}

/** How editors learn the keys of a description that was just written; nothing where they can. */
export function schemaAdvice(missing: string | undefined): string {
  return missing === undefined ? '' : `editors know its keys with: sifstage schema -o ${visible(missing)}\n`
}
