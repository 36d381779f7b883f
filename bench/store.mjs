// What the store saves: a diamond of four stages, and a Dockerfile of steps, against the engine alone, which keeps nothing.
import {execFileSync, spawnSync} from 'node:child_process'
import {chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {measure, table} from './measure.mjs'

/** Some ten seconds of one core: the same functions over and over, each of its own name. */
const source = (name, number) =>
  `${Array.from(
    {length: 3500},
    (_, i) =>
      `double ${name}${i}(double x) { double s = ${number}; for (int k = 0; k < 40; k++) { s = s * x + k; if (s > ${i}) s -= x / (k + 1.0); } return s; }`,
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
/** `words` is a comment in the first stage, `last` one in the last: neither changes what comes out. */
const diamond = (registry, {words = '', last = ''} = {}) => `Bootstrap: docker
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
    # ${last}
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

export function store({root, user, registry, rounds}) {
  const folder = mkdtempSync('/var/tmp/sifstage-bench-')
  chmodSync(folder, 0o755)
  const work = join(folder, 'work')
  mkdirSync(work)
  chmodSync(work, 0o777)
  const forget = path => rmSync(join(folder, path), {recursive: true, force: true})
  const write = (name, text) => writeFileSync(join(work, name), text)
  const as = user === undefined ? [] : [join(root, 'scripts/as-user.sh'), user]
  const env = user === undefined ? {} : {SIFSTAGE_RUN_AS: user}
  const theirs = (file, name = '`apptainer build`') => ({
    name,
    argv: [
      ...as,
      'env',
      `APPTAINER_CACHEDIR=${join(work, 'apptainer-cache')}`,
      'apptainer',
      'build',
      '--fakeroot',
      '--force',
      'theirs.sif',
      file,
    ],
    cwd: work,
  })
  const ours = (file, name, {at = 'store', more = []} = {}) => ({
    name: `\`sifstage build${name}\``,
    argv: [join(root, 'bin/sifstage'), 'build', file, '-o', 'ours.sif', '--cache-dir', join(folder, at), ...more],
    cwd: work,
    env,
  })
  let number = 0
  const change = () => {
    number += 1
    return number
  }
  for (const name of ['left', 'right', 'slow']) write(`${name}.c`, source(name, 0))
  write('late.txt', 'late\n')
  write('diamond.def', diamond(registry))
  write('Dockerfile', dockerfile(registry))
  write('unit.def', unit(registry))
  const tables = []
  const add = (title, commands, options) => tables.push(table(title, measure(commands, options)))
  try {
    add(
      'A diamond of four stages, cold: nothing fetched, nothing built',
      [
        {...theirs('diamond.def'), before: () => forget('work/apptainer-cache')},
        {...ours('diamond.def', ' -j 2', {more: ['-j', '2']}), before: () => forget('store')},
        {...ours('diamond.def', ' -j 1', {at: 'store-1', more: ['-j', '1']}), before: () => forget('store-1')},
      ],
      {rounds, warm: false},
    )
    const used = space(join(folder, 'store'))
    tables.push(plainSandboxes({folder, work, as, registry, used}))
    add('The diamond, nothing changed', [theirs('diamond.def'), ours('diamond.def', '')], {rounds, warm: true})
    const edit = words => () => write('diamond.def', diamond(registry, {[words]: `edit ${change()}`}))
    add(
      'The diamond, a comment changed in its first stage: what comes out is the same, so later stages are cached',
      [
        {...theirs('diamond.def'), before: edit('words')},
        {...ours('diamond.def', ''), before: edit('words')},
      ],
      {rounds, warm: true},
    )
    const editLate = () => write('late.txt', `late ${change()}\n`)
    const cold = () => {
      editLate()
      forget('steps')
    }
    add(
      'A Dockerfile of steps: a file that a late COPY takes has changed (for the engine alone: the same as one %post)',
      [
        {...theirs('unit.def'), before: editLate},
        {...ours('Dockerfile', '', {at: 'steps-warm'}), before: editLate},
        {...ours('Dockerfile', ', nothing kept', {at: 'steps'}), before: cold},
      ],
      {rounds, warm: true},
    )
    // The last step fails the first time: what is timed is the build after it was mended.
    const failed = at => () => {
      forget(at)
      write('Dockerfile', dockerfile(registry, 'RUN false'))
      spawnSync(ours('Dockerfile', '', {at}).argv[0], ours('Dockerfile', '', {at}).argv.slice(1), {
        cwd: work,
        env: {...process.env, ...env},
      })
      write('Dockerfile', dockerfile(registry, 'RUN true'))
    }
    add(
      'A Dockerfile whose last step failed, mended',
      [theirs('unit.def'), {...ours('Dockerfile', '', {at: 'failed'}), before: failed('failed')}],
      {rounds, warm: false},
    )
    write('Dockerfile', dockerfile(registry))
    const checkpoints = how => ({
      ...ours('Dockerfile', ` --checkpoints ${how}`, {at: 'points', more: ['--checkpoints', how]}),
      before: () => forget('points/stages') ?? forget('points/checkpoints') ?? forget('points/outputs'),
    })
    add('What checkpoints cost: a cold build', ['off', 'auto', 'always'].map(checkpoints), {rounds, warm: true})
    return tables.join('\n')
  } finally {
    spawnSync(as[0] ?? 'sh', [
      ...as.slice(1),
      ...(as.length > 0 ? ['sh'] : []),
      '-c',
      `unshare --map-root-user --map-auto rm -rf ${work}/*`,
    ])
    rmSync(folder, {recursive: true, force: true})
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
