/** Which engine would be taken, and what is wrong with those that are here and do not work. */
import {error, type Found, type Look, ok, warning} from './look.js'

export const engine: Look = {
  name: 'engine',
  // As long as a container of podman and one of buildah take to be tried at worst.
  patience: 50_000,
  async look({engines, choices, identity}) {
    const all = await engines()
    const taken = await choices()
    const usable = all.filter(each => each.usable)
    const found: Found[] = []
    const [first] = all
    if (usable.length === 0) {
      found.push(
        error(
          `no engine can build here as ${identity.user}`,
          'every build needs one',
          all.flatMap(each => each.notes).find(note => !note.ok && note.fix !== undefined)?.fix,
        ),
      )
    } else {
      for (const {name, version = '', path = ''} of usable) {
        const outputs = taken.filter(each => each.engine === name).map(each => each.output)
        if (outputs.length > 0) found.push(ok(`${name} ${version} (${path}) makes ${outputs.join(', ')}`))
      }
      const [sif] = taken
      if (sif !== undefined && sif.engine === undefined)
        found.push(
          warning(
            `no engine here makes ${sif.output}`,
            'it is what is built unless -o says something else',
            first?.notes.find(note => !note.ok)?.fix,
          ),
        )
    }
    for (const {name, path, notes} of all) {
      // One that nobody has installed is nobody's trouble.
      if (path === undefined) continue
      for (const {ok: works, text, fix} of notes) {
        const named = text.startsWith(name) ? text : `${name}: ${text}`
        if (!works) found.push(warning(named, `${name} cannot build here`, fix))
        else if (fix !== undefined) found.push(warning(named, `${name} works, and could be better`, fix))
      }
    }
    return found
  },
}
