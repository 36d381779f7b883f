// Makes an OCI layout and the inside of a docker archive out of one layer.
//
//   node oci-layout.mjs LAYER.tar LAYER.tar.gz FOLDER NAME ARCHITECTURE
//
// LAYER.tar.gz holds the same as LAYER.tar. FOLDER/oci is the layout, with the one image as `latest` (a layout that
// holds one image alone is what `apptainer build` takes); FOLDER/docker is what the archive NAME:latest holds.
// SOURCE_DATE_EPOCH is the image's time: the same layer gives the same digests.
import {createHash} from 'node:crypto'
import {createReadStream, linkSync, mkdirSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

const [layer, compressed, folder, name, architecture] = process.argv.slice(2)
if (architecture === undefined) {
  process.stderr.write('usage: oci-layout.mjs LAYER.tar LAYER.tar.gz FOLDER NAME ARCHITECTURE\n')
  process.exit(2)
}
const created = new Date(Number(process.env.SOURCE_DATE_EPOCH ?? 0) * 1000).toISOString().replace('.000', '')
const oci = join(folder, 'oci')
const blobs = join(oci, 'blobs/sha256')
const docker = join(folder, 'docker')
for (const each of [blobs, docker]) mkdirSync(each, {recursive: true})

async function sha256(file) {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, {highWaterMark: 1 << 20})) hash.update(chunk)
  return hash.digest('hex')
}

/** Stores a document under its digest; its descriptor. */
function put(mediaType, document) {
  const text = JSON.stringify(document)
  const hex = createHash('sha256').update(text).digest('hex')
  writeFileSync(join(blobs, hex), text)
  return {mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(text)}
}

const [diff, blob] = await Promise.all([sha256(layer), sha256(compressed)])
linkSync(compressed, join(blobs, blob))

const config = put('application/vnd.oci.image.config.v1+json', {
  architecture,
  os: 'linux',
  created,
  config: {Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['/bin/sh']},
  rootfs: {type: 'layers', diff_ids: [`sha256:${diff}`]},
  history: [{created, created_by: `base-images.sh ${name}`}],
})
const manifest = put('application/vnd.oci.image.manifest.v1+json', {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config,
  layers: [{mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: `sha256:${blob}`, size: statSync(compressed).size}],
})
writeFileSync(join(oci, 'oci-layout'), JSON.stringify({imageLayoutVersion: '1.0.0'}))
writeFileSync(
  join(oci, 'index.json'),
  JSON.stringify({schemaVersion: 2, manifests: [{...manifest, annotations: {'org.opencontainers.image.ref.name': 'latest'}}]}),
)

const configFile = `${config.digest.slice('sha256:'.length)}.json`
linkSync(join(blobs, config.digest.slice('sha256:'.length)), join(docker, configFile))
linkSync(layer, join(docker, `${diff}.tar`))
writeFileSync(
  join(docker, 'manifest.json'),
  JSON.stringify([{Config: configFile, RepoTags: [`${name}:latest`], Layers: [`${diff}.tar`]}]),
)

process.stdout.write(`${manifest.digest}\n`)
