// Docker's own build of a Dockerfile against ours with the same engine, which builds stage by stage and verifies in between.
import {execFileSync} from 'node:child_process'
import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {measure, table} from './measure.mjs'

/** A program of so many functions, all alike, each of its own name. */
const source = count =>
  `${Array.from(
    {length: count},
    (_, i) =>
      `double f${i}(double x) { double s = 0; for (int k = 0; k < 40; k++) { s = s * x + k; if (s > ${i}) s -= x / (k + 1.0); } return s; }`,
  ).join('\n')}\nint main(void) { return 0; }\n`

const dockerfile = registry => `FROM ${registry}/gcc AS compile
WORKDIR /src
COPY main.c .
RUN gcc -O2 -static -o main main.c
FROM ${registry}/busybox
COPY --from=compile /src/main /usr/local/bin/main
CMD ["main"]
`

/** The daemon as everyone finds it once: nothing built, nothing fetched. */
function forget() {
  for (const argv of [
    ['image', 'prune', '--all', '--force'],
    ['buildx', 'prune', '--all', '--force'],
  ])
    execFileSync('docker', argv, {stdio: 'ignore'})
}

/** @param functions how much there is to compile: a thousand take some three seconds */
export function docker({root, registry, rounds, functions}) {
  const folder = mkdtempSync('/var/tmp/sifstage-bench-')
  chmodSync(folder, 0o755)
  const store = join(folder, 'store')
  writeFileSync(join(folder, 'Dockerfile'), dockerfile(registry))
  writeFileSync(join(folder, '.dockerignore'), 'store\n')
  let number = 0
  const edit = () => writeFileSync(join(folder, 'main.c'), `${source(functions)}\n// ${++number}\n`)
  edit()
  const theirs = {
    name: '`docker buildx build`',
    argv: ['docker', 'buildx', 'build', '--network=none', '--load', '--tag=sifstage-bench/theirs', '.'],
    cwd: folder,
  }
  const ours = {
    name: '`sifstage build --engine docker`',
    argv: [
      ...[join(root, 'bin/sifstage'), 'build', 'Dockerfile', '--engine', 'docker', '-o', 'docker-daemon:sifstage-bench/ours'],
      ...['--engine-arg=--network=none', '--cache-dir', store],
    ],
    cwd: folder,
  }
  const pair = (title, [before, oursBefore], options) =>
    table(
      title,
      measure(
        [
          {...theirs, before},
          {...ours, before: oursBefore},
        ],
        options,
      ),
    )
  const forgetOurs = () => {
    forget()
    rmSync(store, {recursive: true, force: true})
  }
  try {
    return [
      pair(`Cold, ${functions} functions to compile: nothing fetched, nothing built`, [forget, forgetOurs], {
        rounds,
        warm: false,
      }),
      pair(`The source changed, ${functions} functions`, [edit, edit], {rounds, warm: true}),
      pair(`Nothing changed`, [undefined, undefined], {rounds, warm: true}),
    ].join('\n')
  } finally {
    forget()
    rmSync(folder, {recursive: true, force: true})
  }
}
