// Two stages, built by us and by the engine alone, from the same registry on this machine.
import {chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {measure, table} from './measure.mjs'

const definition = (registry, words) => `Bootstrap: docker
From: ${registry}/gcc
Stage: compiler

%files
    hello.c /root/hello.c

%post
    cd /root
    gcc -O2 -static -o hello hello.c

Bootstrap: docker
From: ${registry}/busybox
Stage: final

%files from compiler
    /root/hello /usr/local/bin/hello

%runscript
    exec /usr/local/bin/hello ${words}
`
const program = number => `#include <stdio.h>\nint main(void) { puts("Hello ${number}"); return 0; }\n`

export function build({root, user, registry, rounds}) {
  // Where the engine's user can read and write.
  const folder = mkdtempSync('/var/tmp/sifstage-bench-')
  chmodSync(folder, 0o755)
  const work = join(folder, 'work')
  mkdirSync(work)
  chmodSync(work, 0o777)
  const cache = join(work, 'apptainer-cache')
  const store = join(folder, 'store')
  writeFileSync(join(work, 'hello.def'), definition(registry, ''))
  writeFileSync(join(work, 'hello.c'), program(0))

  let number = 0
  const editSource = () => writeFileSync(join(work, 'hello.c'), program(++number))
  const editLast = () => writeFileSync(join(work, 'hello.def'), definition(registry, ++number))
  const forget = path => rmSync(path, {recursive: true, force: true})
  const theirs = {
    argv: [
      ...(user === undefined ? [] : [join(root, 'scripts/as-user.sh'), user]),
      'env',
      `APPTAINER_CACHEDIR=${cache}`,
      'apptainer',
      'build',
      '--fakeroot',
      '--force',
      'theirs.sif',
      'hello.def',
    ],
    cwd: work,
  }
  const ours = {
    argv: [join(root, 'bin/sifstage'), 'build', 'hello.def', '-o', 'ours.sif', '--cache-dir', store],
    cwd: work,
    env: user === undefined ? {} : {SIFSTAGE_RUN_AS: user},
  }
  const pair = (title, [theirsBefore, oursBefore], options) =>
    table(
      title,
      measure(
        [
          {name: '`apptainer build`', ...theirs, before: theirsBefore},
          {name: '`sifstage build`', ...ours, before: oursBefore},
        ],
        options,
      ),
    )
  try {
    return [
      pair('Cold: nothing fetched, nothing built', [() => forget(cache), () => forget(store)], {rounds, warm: false}),
      pair('The source of the first stage changed', [editSource, editSource], {rounds, warm: true}),
      pair('The last stage changed', [editLast, editLast], {rounds, warm: true}),
      pair('Nothing changed', [undefined, undefined], {rounds, warm: true}),
    ].join('\n')
  } finally {
    forget(folder)
  }
}
