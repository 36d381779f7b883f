// What the store saves: a diamond of four stages, and a Dockerfile of steps, against the engine alone, which keeps nothing.
import {execFileSync, spawnSync} from 'node:child_process'
import {chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {measure, table} from './measure.mjs'

/** A program of so many functions, all alike, each of its own name: a thousand take some three seconds of one core. */
const source = (name, count) =>
  `${Array.from(
    {length: count},
    (_, i) =>
      `double ${name}${i}(double x) { double s = 0; for (int k = 0; k < 40; k++) { s = s * x + k; if (s > ${i}) s -= x / (k + 1.0); } return s; }`,
  ).join('\n')}\n#include "common.h"\nint main(void) { return common(); }\n`

const compile = (registry, name) => `Bootstrap: docker
From: ${registry}/gcc
Stage: ${name}

%files from common
    /opt/common /opt/common

%files
    ${name}.c /src/${name}.c

%post
    gcc -O2 -static -I/opt/common -o /opt/${name} /src/${name}.c /opt/common/common.o

`
/** `words` is a comment in the first stage: it changes nothing of what comes out. */
const diamond = (registry, {words = ''} = {}) => `Bootstrap: docker
From: ${registry}/gcc
Stage: common

%post
    # ${words}
    mkdir -p /opt/common
    cd /opt/common
    echo 'int common(void);' >common.h
    echo 'int common(void) { return 0; }' >common.c
    gcc -O2 -c common.c

${compile(registry, 'left')}${compile(registry, 'right')}Bootstrap: docker
From: ${registry}/busybox
Stage: final

%files from left
    /opt/left /usr/local/bin/left

%files from right
    /opt/right /usr/local/bin/right

%post
    test -x /usr/local/bin/left
`
/** The first stage compiles, then runs what a late file says; the last is small. `more` is added to the first. */
const dockerfile = (registry, more = '') => `FROM ${registry}/gcc AS steps
WORKDIR /src
COPY slow.c .
RUN echo 'int common(void);' >common.h && echo 'int common(void) { return 0; }' >common.c
RUN gcc -O2 -c common.c && gcc -O2 -static -o slow slow.c common.o
COPY late.txt .
RUN ./slow && cat late.txt >result
${more}
FROM ${registry}/busybox
COPY --from=steps /src/slow /src/result /opt/
`
/** The same for the engine alone, each stage one unit. */
const unit = registry => `Bootstrap: docker
From: ${registry}/gcc
Stage: steps

%files
    slow.c /src/slow.c
    late.txt /src/late.txt

%post
    cd /src
    echo 'int common(void);' >common.h && echo 'int common(void) { return 0; }' >common.c
    gcc -O2 -c common.c && gcc -O2 -static -o slow slow.c common.o
    ./slow && cat late.txt >result

Bootstrap: docker
From: ${registry}/busybox

%files from steps
    /src/slow /opt/slow
    /src/result /opt/result
`

/** Bytes on disk and number of files below a folder, as its owner counts them. */
function space(folder) {
  const text = argv => execFileSync(argv[0], argv.slice(1), {encoding: 'utf8'})
  const bytes = Number(text(['du', '--summarize', '--block-size=1', folder]).split('\t')[0])
  return {bytes, inodes: Number(text(['du', '--summarize', '--inodes', folder]).split('\t')[0])}
}

/** A folder where the engine's user can read and write, and the two programs in it. */
function rig({root, user}) {
  const folder = mkdtempSync('/var/tmp/sifstage-bench-')
  chmodSync(folder, 0o755)
  const work = join(folder, 'work')
  mkdirSync(work)
  chmodSync(work, 0o777)
  const as = user === undefined ? [] : [join(root, 'scripts/as-user.sh'), user]
  const env = user === undefined ? {} : {SIFSTAGE_RUN_AS: user}
  const cache = `APPTAINER_CACHEDIR=${join(work, 'apptainer-cache')}`
  let number = 0
  return {
    folder,
    work,
    as,
    forget: path => rmSync(join(folder, path), {recursive: true, force: true}),
    write: (name, text) => writeFileSync(join(work, name), text),
    /** Another number each time. */
    change() {
      number += 1
      return number
    },
    theirs: file => ({
      name: '`apptainer build`',
      argv: [...as, 'env', cache, 'apptainer', 'build', '--fakeroot', '--force', 'theirs.sif', file],
      cwd: work,
    }),
    ours: (file, name, {at = 'store', more = []} = {}) => ({
      name: `\`sifstage build${name}\``,
      argv: [join(root, 'bin/sifstage'), 'build', file, '-o', 'ours.sif', '--cache-dir', join(folder, at), ...more],
      cwd: work,
      env,
    }),
    remove() {
      // Trees of the engine belong to subordinate ids.
      const inside = `unshare --map-root-user --map-auto rm -rf ${work}/*`
      spawnSync(as[0] ?? 'sh', [...as.slice(1), ...(as.length > 0 ? ['sh'] : []), '-c', inside])
      rmSync(folder, {recursive: true, force: true})
    },
  }
}

/** A diamond of four stages: cold, unchanged, with a change that makes no difference. */
export function diamonds({root, user, registry, rounds}) {
  const {folder, work, as, forget, write, change, theirs, ours, remove} = rig({root, user})
  for (const name of ['left', 'right']) write(`${name}.c`, source(name, 3500))
  write('diamond.def', diamond(registry))
  const edit = () => write('diamond.def', diamond(registry, {words: `edit ${change()}`}))
  try {
    const cold = measure(
      [
        {...theirs('diamond.def'), before: () => forget('work/apptainer-cache')},
        {...ours('diamond.def', ' -j 2', {more: ['-j', '2']}), before: () => forget('store')},
        {...ours('diamond.def', ' -j 1', {at: 'store-1', more: ['-j', '1']}), before: () => forget('store-1')},
      ],
      {rounds, warm: false},
    )
    const used = space(join(folder, 'store'))
    const unchanged = measure([theirs('diamond.def'), ours('diamond.def', '')], {rounds, warm: true})
    const cutOff = measure(
      [
        {...theirs('diamond.def'), before: edit},
        {...ours('diamond.def', ''), before: edit},
      ],
      {rounds, warm: true},
    )
    return [
      table('A diamond of four stages, cold: nothing fetched, nothing built', cold),
      plainSandboxes({folder, work, as, registry, used}),
      table('The diamond, nothing changed', unchanged),
      table('The diamond, a comment changed in its first stage: what comes out is the same, so later stages are cached', cutOff),
    ].join('\n')
  } finally {
    remove()
  }
}

/** A Dockerfile of steps: a late change, a failure, and what it costs to be ready for both. */
export function steps({root, user, registry, rounds}) {
  const {forget, write, change, theirs, ours, remove} = rig({root, user})
  write('slow.c', source('slow', 1500))
  write('late.txt', 'late\n')
  write('Dockerfile', dockerfile(registry))
  write('unit.def', unit(registry))
  const editLate = () => write('late.txt', `late ${change()}\n`)
  const cold = () => {
    editLate()
    forget('steps')
  }
  // The last step fails the first time: what is timed is the build after it was mended.
  const failed = () => {
    const {argv, cwd, env} = ours('Dockerfile', '', {at: 'failed'})
    forget('failed')
    write('Dockerfile', dockerfile(registry, 'RUN false'))
    spawnSync(argv[0], argv.slice(1), {cwd, env: {...process.env, ...env}})
    write('Dockerfile', dockerfile(registry, 'RUN true'))
  }
  const checkpoints = how => ({
    ...ours('Dockerfile', ` --checkpoints ${how}`, {at: 'points', more: ['--checkpoints', how]}),
    before: () => {
      for (const kind of ['stages', 'checkpoints', 'outputs']) forget(`points/${kind}`)
    },
  })
  try {
    const late = measure(
      [
        {...theirs('unit.def'), before: editLate},
        {...ours('Dockerfile', '', {at: 'steps-warm'}), before: editLate},
        {...ours('Dockerfile', ', nothing kept', {at: 'steps'}), before: cold},
      ],
      {rounds, warm: true},
    )
    const mended = measure([theirs('unit.def'), {...ours('Dockerfile', '', {at: 'failed'}), before: failed}], {
      rounds,
      warm: false,
    })
    write('Dockerfile', dockerfile(registry))
    const cost = measure(['off', 'auto', 'always'].map(checkpoints), {rounds, warm: true})
    return [
      table(
        'A Dockerfile of steps: a file that a late COPY takes has changed (for the engine alone: the same as one %post)',
        late,
      ),
      table('A Dockerfile whose last step failed, mended', mended),
      table('What checkpoints cost: a cold build', cost),
    ].join('\n')
  } finally {
    remove()
  }
}

/** Room that the store takes, against the same stages as folders. */
function plainSandboxes({work, as, registry, used}) {
  let bytes = 0
  let inodes = 0
  for (const image of ['gcc', 'gcc', 'gcc', 'busybox']) {
    const at = join(work, `sandbox-${readdirSync(work).length}`)
    const argv = [...as, 'apptainer', 'build', '--sandbox', '--disable-cache', at, `docker://${registry}/${image}`]
    execFileSync(argv[0], argv.slice(1), {cwd: work, stdio: 'ignore'})
    const found = space(at)
    bytes += found.bytes
    inodes += found.inodes
  }
  const megabytes = each => `${Math.round(each / 2 ** 20)} MB`
  return [
    '### Room for the diamond',
    '',
    '| what | disk | files and folders |',
    '|---|---:|---:|',
    `| the four stages as sandboxes (their bases alone) | ${megabytes(bytes)} | ${inodes} |`,
    `| the store: stages, artifacts, bases, OUT | ${megabytes(used.bytes)} | ${used.inodes} |`,
    '',
  ].join('\n')
}
