/** What sifstage itself runs on. */
import {systemName} from '../probes/versions.js'
import {type Look, ok} from './look.js'

export const runtime: Look = {
  name: 'runtime',
  // A Node that is too old does not come this far: bin/sifstage says so.
  look: () => [ok(`Node ${process.versions.node} (${process.execPath}) on ${systemName()}`)],
}
