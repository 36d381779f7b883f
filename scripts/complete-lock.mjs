// Completes package-lock.json after `npm install` from a registry that has not everything: npm run lock
//
// Some packages bring a program for every platform as optional dependencies. Where the registry (a mirror with a
// selection) does not know some of them, npm leaves these out of the lock file, and `npm ci` then refuses the lock file
// as incomplete, on every machine. What is added here is never fetched on the platforms that the registry serves: npm
// skips an entry whose os, cpu or libc is not the machine's.
import {readFileSync, writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

const file = fileURLToPath(new URL('../package-lock.json', import.meta.url))
const lock = JSON.parse(readFileSync(file, 'utf8'))
const packages = lock.packages

/** `linux-x64-musl` and the like, at the end of a package's name, as npm's fields. */
function platform(name) {
  const match =
    /(?<os>android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|aix|win32)-(?<cpu>x64|arm64|arm|ia32|ppc64|riscv64|s390x|loong64|mips64el)(?:-(?<libc>gnu|musl)?(?:eabihf|eabi)?|-msvc)?$/.exec(
      name,
    )?.groups
  if (match === undefined)
    throw new Error(`${name} is missing in the lock file, and its name does not tell for which platform it is`)
  const libc = match.libc === undefined ? {} : {libc: [match.libc === 'gnu' ? 'glibc' : 'musl']}
  return {cpu: [match.cpu], ...libc, os: [match.os]}
}

const added = []
for (const [from, entry] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (`${from}/node_modules/${name}` in packages || `node_modules/${name}` in packages) continue
    packages[`node_modules/${name}`] = {version, ...(entry.dev ? {dev: true} : {}), optional: true, ...platform(name)}
    added.push(`${name}@${version}`)
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)))
if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`)
process.stdout.write(
  added.length === 0
    ? 'package-lock.json is complete\n'
    : `package-lock.json: added\n${added.map(each => `  ${each}\n`).join('')}`,
)
