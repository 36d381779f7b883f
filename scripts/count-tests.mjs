// A vitest reporter that keeps the counts for test.mjs, which may have to end a run that hangs.
import {writeFileSync} from 'node:fs'

/** Tests, and what failed outside of them: a file in an import, a group in a hook. */
function countModules(modules) {
  const counts = {passed: 0, failed: 0, skipped: 0}
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const {state} = test.result()
      if (state !== 'pending') counts[state] += 1
    }
    for (const group of [module, ...module.children.allSuites()]) {
      if (group.errors().length > 0) counts.failed += 1
    }
  }
  return counts
}

export default class CountTests {
  #modules = []
  #keep(errors, ended) {
    const file = process.env.SIFSTAGE_TEST_COUNTS
    if (file !== undefined) writeFileSync(file, JSON.stringify({...countModules(this.#modules), errors, ended}))
  }

  onTestModuleEnd(module) {
    this.#modules.push(module)
    this.#keep(0, false)
  }

  onTestRunEnd(modules, errors, reason) {
    this.#modules = modules
    this.#keep(errors.length, reason !== 'interrupted')
  }
}
