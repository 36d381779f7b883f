/** The JSON Schema of YAML descriptions, and how a description names it. */
import {dirname, join} from 'node:path'
import {loadSchema} from '../formats/index.js'
import {exists, fileError, writeWhole} from '../system/files.js'

/** Beside the description, so that an editor finds it without a network. */
export const SCHEMA_FILE = 'sifstage.schema.json'

/** What the YAML extensions of editors look for. https://github.com/redhat-developer/yaml-language-server */
export const SCHEMA_COMMENT = `yaml-language-server: $schema=${SCHEMA_FILE}`

export async function schemaText(): Promise<string> {
  return `${JSON.stringify(await loadSchema(), undefined, 2)}\n`
}

/** @throws SifstageError (2) when it cannot be written */
export async function writeSchema(file: string): Promise<void> {
  try {
    await writeWhole(file, await schemaText())
  } catch (error) {
    throw fileError(`${file} cannot be written`, error)
  }
}

/** Where the schema of a description belongs, when it is not there. */
export async function missingSchema(description: string): Promise<string | undefined> {
  const file = join(dirname(description), SCHEMA_FILE)
  return (await exists(file)) ? undefined : file
}
