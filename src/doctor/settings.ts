/** Settings files in use. */
import {type Look, ok} from './look.js'

export const settings: Look = {
  name: 'settings',
  look({settings: files, environment}) {
    const variables = Object.keys(environment)
      // Set by main.ts itself.
      .filter(name => name.startsWith('SIFSTAGE_') && name !== 'SIFSTAGE_DISABLE_THEME' && environment[name])
      .sort()
    const from = [...files, ...variables]
    return [ok(from.length === 0 ? 'the defaults' : `from ${from.join(', ')} (sifstage config shows all)`)]
  },
}
