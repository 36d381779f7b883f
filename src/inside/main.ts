/**
 * Runs inside the id-mapped namespace, where the owners in an image are real, and changes one image as its
 * operations say. It is handed to Node as text, since the engine's user may not be able to read our folder: so it
 * imports only its neighbours and what Node brings.
 */
import * as fs from 'node:fs'
import type {Operation, Operations} from '../model/operations.js'
import {makeFolders, writeText} from './files.js'
import {append, mendHistory, setLabels} from './metadata.js'
import {clearMountPoints, lay, makeMountPoints} from './mounts.js'
import {lookUpUser, parseOwner, rootOwner} from './owners.js'
import {locate, Refusal} from './paths.js'
import {place} from './place.js'
import {remove} from './remove.js'

function carryOut(root: string, operation: Operation): void {
  switch (operation.op) {
    case 'place':
      place(root, operation)
      return
    case 'folder': {
      const owner = operation.user === undefined ? rootOwner : parseOwner(root, operation.user)
      makeFolders(root, locate(root, operation.path).real, owner)
      return
    }
    case 'write':
      writeText(root, operation.path, operation.text, operation.mode)
      return
    case 'append':
      append(root, operation.path, operation.text, operation.mode)
      return
    case 'labels':
      setLabels(root, operation.path, operation.set)
      return
    case 'mount-points':
      makeMountPoints(root, operation.points, operation.file)
      return
    case 'clear-mount-points':
      clearMountPoints(root, operation.file)
      return
    case 'user': {
      const {uid, gid, groups, home} = lookUpUser(root, operation.user)
      fs.writeFileSync(operation.file, `${uid}\n${gid}\n${groups.join(',')}\n${home}\n`)
      return
    }
    case 'lay':
      lay(operation)
      return
    case 'remove':
      remove(root, operation.paths)
      return
    case 'history':
      mendHistory(root, operation.text)
      return
  }
}

/** One edge where what our own process wrote is taken at its word. */
function readOperations(file: string): Operations {
  return JSON.parse(fs.readFileSync(file, 'utf8'))
}

process.umask(0o022)
try {
  const operations = readOperations(process.argv[2] ?? '')
  const root = fs.realpathSync(operations.root)
  for (const operation of operations.steps) carryOut(root, operation)
} catch (error) {
  console.error(error instanceof Refusal ? `error: ${error.message}` : error)
  process.exitCode = 1
}
