/** What an included stage stands on and copies from instead of what its file says: `from:`, `images:`, `copies:`. */
import type {Node} from 'yaml'
import {cleanPath, isFolderMark, rootedPath} from '../../language/paths.js'
import {copiesOf} from '../../language/stage-copies.js'
import type {Base, CopyOrigin, Stage} from '../../model/description.js'
import {readBase} from './base.js'
import type {OpenInclude} from './include.js'
import type {StageForImage} from './included-definition.js'
import type {Reading} from './reading.js'
import type {MadePath, Met} from './replace-copies.js'

/** `images:` as bases that are stages. */
export function stagesForImages(reading: Reading, {input, node, key, name}: OpenInclude): StageForImage[] {
  const {yaml} = reading
  return yaml.inOrder(input.images ?? {}, ['images'], node).flatMap(([image, to]) => {
    const base = readBase(reading, to, yaml.node(['images', image], node) ?? key, name)
    return base.kind === 'stage' ? [{image, base}] : []
  })
}

/** `copies:`, each with the stage that makes it. */
export function madePaths(reading: Reading, {input, node, key}: OpenInclude): MadePath[] {
  const {yaml, problems} = reading
  return yaml.inOrder(input.copies ?? {}, ['copies'], node).flatMap(([written, to]): MadePath[] => {
    const at = yaml.key(['copies', written], node) ?? key
    const path = rootedPath(written)
    if (path === '.' || !to.path.startsWith('/')) {
      problems.syntax(
        yaml.span(path === '.' ? at : (yaml.node(['copies', written, 'path'], node) ?? at)),
        path === '.' ? 'This is the whole context, which no stage makes.' : `${to.path} is no path of an image.`,
        path === '.' ? 'Name the file or folder that is copied.' : 'Start it with "/".',
      )
      return []
    }
    const span = yaml.span(yaml.node(['copies', written, 'stage'], node) ?? at)
    const origin = {kind: 'stage', name: to.stage, index: reading.indexOf.get(to.stage), span} as const
    return [{written, path, isFolder: isFolderMark(written), origin, source: cleanPath(to.path), span: yaml.span(at)}]
  })
}

/** By identity: what a file says itself is never this very object. */
function isTakenFrom(stage: Stage, what: Base | CopyOrigin): boolean {
  return stage.base === what || copiesOf(stage).some(({from}) => from === what)
}

/** What is put in the place of something has to be in some place. */
export function reportWithoutEffect(
  {yaml, problems}: Reading,
  {name, node, input}: OpenInclude,
  coming: readonly Stage[],
  instead: {
    readonly base: Base | undefined
    readonly images: readonly StageForImage[]
    readonly made: readonly MadePath[]
    readonly met: Met
  },
): void {
  const without = (rule: string, at: Node | undefined, message: string, hint: string) =>
    problems.add(rule, 'error', yaml.span(at ?? node), message, hint, name)
  const stages = `stage that ${JSON.stringify(name)} needs`
  const {base, images, made, met} = instead
  if (base !== undefined && !coming.some(stage => stage.base === base))
    without(
      'rebase-without-effect',
      yaml.node(['from'], node),
      `No ${stages} starts from what would be replaced.`,
      'Write ARG BASE_IMAGE above the first FROM of the file, and FROM $BASE_IMAGE where this base belongs.',
    )
  for (const {image, base} of images) {
    if (coming.some(stage => isTakenFrom(stage, base))) continue
    without(
      'rebase-without-effect',
      yaml.key(['images', image], node),
      `No ${stages} starts from ${image} or copies from it.`,
      `Write the image as ${input.file} does, or leave it out.`,
    )
  }
  for (const {path, source} of met.patterns)
    problems.add(
      'copy-by-pattern',
      'error',
      source.span,
      `This pattern matches ${path.path}, which stage ${JSON.stringify(path.origin.name)} makes, but it is looked for in the build context alone.`,
      `Copy ${path.path} by its name.`,
      name,
    )
  for (const each of made) {
    if (met.patterns.some(({path}) => path === each)) continue
    if (coming.some(stage => isTakenFrom(stage, each.origin))) continue
    without(
      'copy-without-effect',
      yaml.key(['copies', each.written], node),
      met.used.has(each)
        ? `Only stages that ${JSON.stringify(name)} does not need copy ${each.path} from the context.`
        : `No ${stages} copies ${each.path} from the context.`,
      `Write the path as a COPY of ${input.file} has it, without wildcards, or leave it out.`,
    )
  }
}
