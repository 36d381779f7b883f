/** Files with logins of registries: where they are, never what is in them. */
import {existsSync} from 'node:fs'
import {authFiles} from '../system/registry-login.js'
import {type Look, ok} from './look.js'

export const credentials: Look = {
  name: 'registry-logins',
  look({environment, answers}) {
    const found = [...new Set(authFiles(environment))].filter(file => answers(file) && existsSync(file))
    return [
      ok(
        found.length === 0
          ? 'none found: registries are asked without one (apptainer registry login, docker login, skopeo login)'
          : `read from ${found.join(', ')}`,
      ),
    ]
  },
}
