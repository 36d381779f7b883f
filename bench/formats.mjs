// What a stage's image is kept as: time to write it, to take one path out, to make it a base again; room on disk.
import {execFileSync} from 'node:child_process'
import {mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {measure} from './measure.mjs'

const squashfs = (...compression) => ({
  write: (tree, at) => ['mksquashfs', tree, at, '-noappend', '-no-progress', '-quiet', ...compression],
  one: (at, to, path) => ['unsquashfs', '-no-progress', '-quiet', '-d', to, at, path],
  all: (at, to) => ['unsquashfs', '-no-progress', '-quiet', '-d', to, at],
})
const tar = (...compression) => ({
  write: (tree, at) => ['tar', '--create', ...compression, '--file', at, '-C', tree, '.'],
  one: (at, to, path) => ['sh', '-c', 'mkdir "$2" && tar --extract --file "$1" -C "$2" "$3"', 'sh', at, to, `./${path}`],
  all: (at, to) => ['sh', '-c', 'mkdir "$2" && tar --extract --file "$1" -C "$2"', 'sh', at, to],
})
const forms = {
  'squashfs, zstd 1': squashfs('-comp', 'zstd', '-Xcompression-level', '1'),
  'squashfs, lz4': squashfs('-comp', 'lz4'),
  'squashfs, gzip': squashfs('-comp', 'gzip'),
  'squashfs, not compressed': squashfs('-noI', '-noD', '-noF', '-noX'),
  tar: tar(),
  'tar, zstd 1': tar('--use-compress-program=zstd -1 -T0'),
  'plain tree': {
    write: (tree, at) => ['cp', '-a', tree, at],
    one: (at, to, path) => ['sh', '-c', 'mkdir "$2" && cp -a "$1/$3" "$2"', 'sh', at, to, path],
    all: (at, to) => ['cp', '-a', at, to],
  },
}

const seconds = rows => `${(rows[0].median / 1000).toFixed(2)} s`

/** @param image name of a base with its tree below `bases` */
export function formats({bases, image, path, rounds}) {
  const tree = join(bases, image, 'rootfs')
  const folder = mkdtempSync('/var/tmp/sifstage-bench-')
  try {
    const lines = Object.entries(forms).map(([name, form]) => {
      const at = join(folder, 'kept')
      const to = join(folder, 'out')
      const forget = (...paths) => {
        for (const each of paths) rmSync(each, {recursive: true, force: true})
      }
      const time = (argv, before) => seconds(measure([{name, argv, before}], {rounds, warm: true}))
      const write = time(form.write(tree, at), () => forget(at))
      const one = time(form.one(at, to, path), () => forget(to))
      const all = time(form.all(at, to), () => forget(to))
      const [kilobytes] = execFileSync('du', ['--summarize', '--block-size=1K', at], {encoding: 'utf8'}).split('\t')
      const files = execFileSync('du', ['--summarize', '--inodes', at], {encoding: 'utf8'}).split('\t')[0]
      forget(at, to)
      return `| ${name} | ${write} | ${one} | ${all} | ${Math.round(Number(kilobytes) / 1024)} MB | ${files} |`
    })
    const entries = readdirSync(tree, {recursive: true}).length
    return [
      `### A stage's image as it is kept: ${image}, ${entries} files and folders`,
      '',
      '| form | write | take one program out | all of it, as a base | disk | files |',
      '|---|---:|---:|---:|---:|---:|',
      ...lines,
      '',
    ].join('\n')
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}
