/** What sifstage itself runs on. */
import {readFileSync} from 'node:fs'
import {release} from 'node:os'
import {type Look, ok} from './look.js'

/** `Debian GNU/Linux 12 (bookworm)`, os-release(5). */
function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux'
  } catch {
    return 'Linux'
  }
}

export const runtime: Look = {
  name: 'runtime',
  // A Node that is too old does not come this far: bin/sifstage says so.
  look: () => [
    ok(`Node ${process.versions.node} (${process.execPath}) on ${distribution()}, Linux ${release()}, ${process.arch}`),
  ],
}
