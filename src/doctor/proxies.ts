/** Proxies that registries are asked through. */
import {type Look, ok} from './look.js'

const NAMES = /^(https?|all|ftp|no)_proxy$/i

/** An address without the name and the password that it may hold. */
export function withoutLogin(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/?#]*@/i, '$1***@')
}

export const proxies: Look = {
  name: 'proxies',
  look({environment}) {
    const set = Object.entries(environment)
      .filter(([name, value]) => NAMES.test(name) && value)
      .sort()
    return set.map(([name, value = '']) =>
      ok(`${name}=${/^no_/i.test(name) ? value : withoutLogin(value)}, which engines get too`),
    )
  },
}
