// A process that takes a lease of a store: `holder.mjs STORE KEY FILE MILLISECONDS [LEASE BEAT]`. If FILE is there once the
// lease is ours, that was somebody else's work and is reused; otherwise it takes so long to make it. One word a line.
import {existsSync, writeFileSync} from 'node:fs'
import {setTimeout as sleep} from 'node:timers/promises'

const [store, key, file, milliseconds, lease, beat] = process.argv.slice(2)
const {leases} = await import('../../dist/stores/leases.js')
const {ownIdentity} = await import('../../dist/system/identity.js')
const say = text => process.stdout.write(`${text}\n`)
const options = {owner: ownIdentity(), onTrouble: say, ...(lease ? {lease: Number(lease), beat: Number(beat)} : {})}

await leases(store, options).held(
  key,
  who => say(`waiting ${who}`),
  new AbortController().signal,
  async () => {
    if (existsSync(file)) return say('reused')
    say('working')
    await sleep(Number(milliseconds))
    writeFileSync(file, 'made', {flag: 'wx'})
    say('made')
  },
)
