import type {ArtifactCheck} from '../../model/artifact.js'
import {artifactFinding, some, whoAsked} from './finding.js'

/** How many folders a path lies below the root after all its parts; less than none when it climbs above it. */
function leaves(folder: string, target: string): boolean {
  if (target.startsWith('/')) return false
  let depth = folder.split('/').filter(part => part !== '').length
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue
    depth += part === '..' ? -1 : 1
    if (depth < 0) return true
  }
  return false
}

/** A relative link that would climb above the root at its new place. */
export const linkLeavesRoot: ArtifactCheck = {
  name: 'artifact-link-leaves-root',
  severity: 'error',
  summary:
    'A folder that a definition file copies from a stage holds a relative link that climbs above the root at its new place.',
  why: 'The engine refuses such a link ("invalid symlink target"), although a kernel would stop at the root (D99): a tree that moves to a shallower place has too many `..` in its links.',
  find(subject) {
    if (subject.step.rules !== 'def') return []
    const found = subject.matches.flatMap(({to, resolution}) => {
      if (to === undefined || resolution.kind !== 'found' || resolution.entry.kind !== 'directory') return []
      const from = resolution.entry.path
      return [...subject.tree.below(from)].filter(entry => {
        if (entry.kind !== 'symlink') return false
        const path = `${to === '/' ? '' : to}${from === '/' ? entry.path : entry.path.slice(from.length)}`
        return leaves(path.slice(0, path.lastIndexOf('/')), entry.link ?? '')
      })
    })
    if (found.length === 0) return []
    return [
      artifactFinding(
        linkLeavesRoot.name,
        subject,
        `${some(found.map(({path, link}) => `${path} → ${link ?? ''}`))} in stage "${subject.producer}" would climb above the root at the new place, which the engine refuses; ${whoAsked(subject)}`,
        'Copy the folder to a place as deep as the one it comes from, or make the link absolute.',
      ),
    ]
  },
}
