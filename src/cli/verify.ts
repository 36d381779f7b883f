/** `verify`: the artifacts of a stage against an image that exists. */
import {randomBytes} from 'node:crypto'
import {stat} from 'node:fs/promises'
import {resolve} from 'node:path'
import {verifyArtifact} from '../build/verify.js'
import {Listing} from '../images/listing.js'
import {primaryPartition, readSif, SifError} from '../images/sif.js'
import {listArguments, noSquashfsTools, parseListLine} from '../images/squashfs.js'
import {readTar, treeArguments} from '../images/tar.js'
import type {ArtifactReport} from '../model/artifact.js'
import {type Diagnostic, diagnosticJson} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {ImageEntry, ImageTree} from '../model/image.js'
import {artifactsOf, findStage, neededStages, resolveTarget} from '../plan/graph.js'
import {palette} from '../reports/palette.js'
import {renderDiagnostics} from '../reports/text.js'
import {engineEnvironment} from '../system/environment.js'
import {errorCode, fileError} from '../system/files.js'
import {asUser, insideNamespace, mappingOf} from '../system/identity.js'
import {runProcess} from '../system/processes.js'
import {artifactJson} from './build.js'
import type {BuildingFlags, EverywhereFlags} from './flags.js'
import {exitCodeOf, loadInput} from './input.js'
import {imageAgent} from './local-image.js'
import type {Outcome} from './outcome.js'
import {printable} from './progress.js'
import {identityOf} from './workshop.js'

export type VerifyFlags = EverywhereFlags & BuildingFlags & {readonly stage: string}

/** The tree of a sandbox folder, by tar in the namespace: folders of other owners are open there. */
async function sandboxTree(path: string, flags: VerifyFlags, signal: AbortSignal): Promise<ImageTree> {
  const identity = identityOf(flags['run-as'])
  const own = process.getuid?.() === 0
  // Root reads everything as it is; an ordinary user sees his subordinate owners in the namespace only.
  const inside = own ? [] : [...asUser(identity), ...insideNamespace(mappingOf(identity, false))]
  const complaints: string[] = []
  let entries: ImageEntry[] = []
  const result = await runProcess({
    argv: [...inside, ...treeArguments(path)],
    cwd: '/',
    env: {...engineEnvironment(process.env, identity), LC_ALL: 'C'},
    signal,
    onLine: line => complaints.push(line),
    onOutput: async stream => {
      entries = await readTar(stream)
    },
  })
  if (result.exitCode !== 0 && result.exitCode !== 1)
    throw new SifstageError(ExitCode.usage, `the image ${path} cannot be read: ${complaints[0] ?? 'tar failed'}`)
  return new Listing(entries)
}

/** The tree of a squashfs by its listing: names, modes and sizes, no content. */
async function squashfsTree(path: string, offset: number, signal: AbortSignal): Promise<ImageTree> {
  const nonce = `sifstage-${randomBytes(12).toString('hex')}`
  const entries: ImageEntry[] = []
  const other: string[] = []
  try {
    const result = await runProcess({
      argv: listArguments(path, offset, nonce),
      cwd: '/',
      env: {...engineEnvironment(process.env, identityOf(undefined)), LC_ALL: 'C', TZ: 'UTC'},
      signal,
      onLine: line => {
        const entry = parseListLine(line, nonce)
        if (entry === undefined) other.push(line)
        else entries.push(entry)
      },
    })
    if (result.exitCode !== 0)
      throw new SifstageError(
        ExitCode.usage,
        `the image ${path} cannot be read: ${other.filter(line => line !== '').at(-1) ?? 'unsquashfs failed'}`,
        'It may be cut short or damaged.',
      )
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw noSquashfsTools('unsquashfs')
    throw error
  }
  return new Listing(entries)
}

/**
 * The tree of an image on disk.
 * @throws SifstageError (2) for what cannot be read or is no image
 */
async function openImage(image: string, flags: VerifyFlags, signal: AbortSignal): Promise<ImageTree> {
  if (/^(docker|docker-daemon|containers-storage|oras|library|oci|oci-archive|docker-archive):/.test(image)) {
    throw new SifstageError(
      ExitCode.usage,
      `${image}: this version of sifstage verifies sandbox folders, .sif files and squashfs files only`,
      'Make one first: apptainer build --sandbox folder/ IMAGE',
    )
  }
  const path = resolve(image)
  let stats: Awaited<ReturnType<typeof stat>>
  try {
    stats = await stat(path)
  } catch (error) {
    throw fileError(`the image ${image} cannot be read`, error)
  }
  const agent = await imageAgent(path)
  if (agent !== 'localimage')
    throw new SifstageError(
      ExitCode.usage,
      `${image} is no sandbox folder, .sif file or squashfs file`,
      agent === undefined
        ? 'Name the image that the stage made.'
        : 'Archives and OCI layouts are not read by this version: make a sandbox of it first (apptainer build --sandbox folder/ IMAGE).',
    )
  if (stats.isDirectory()) return sandboxTree(path, flags, signal)
  try {
    return await squashfsTree(path, primaryPartition(await readSif(path)).offset, signal)
  } catch (error) {
    if (!(error instanceof SifError)) throw error
    if (error.message === 'it is not a SIF file') return squashfsTree(path, 0, signal)
    throw new SifstageError(ExitCode.usage, `the image ${image} cannot be read: ${error.message}`)
  }
}

function documentOf(
  input: string,
  flags: Pick<VerifyFlags, 'stage'>,
  image: string,
  artifacts: readonly ArtifactReport[],
  diagnostics: readonly Diagnostic[],
): object {
  return {
    version: 1,
    input,
    stage: flags.stage,
    image,
    artifacts: artifacts.map(artifactJson),
    diagnostics: diagnostics.map(diagnosticJson),
  }
}

export function failedVerifyDocument(flags: Pick<VerifyFlags, 'stage'>, image: string): (finding: Diagnostic) => object {
  return finding => documentOf(finding.span.file, flags, image, [], [finding])
}

export async function runVerify(
  input: string,
  image: string,
  flags: VerifyFlags,
  colour: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  const loaded = await loadInput(input, flags)
  // What the context holds says nothing about an image that exists.
  const reading = loaded.diagnostics.filter(each => !each.rule.startsWith('context-path'))
  const stop = (diagnostics: readonly Diagnostic[], exitCode: ExitCode): Outcome => ({
    exitCode,
    document: documentOf(loaded.input, flags, image, [], diagnostics),
    text: '',
    messages: renderDiagnostics(diagnostics, {source: loaded, colour}),
  })
  if (loaded.description === undefined || reading.some(each => each.severity === 'error'))
    return stop(reading, exitCodeOf(reading))
  const {description} = loaded
  const stage = findStage(description, flags.stage)
  if (stage === undefined)
    throw new SifstageError(
      ExitCode.usage,
      `--stage ${flags.stage}: there is no such stage`,
      `The stages are: ${description.stages.map(each => each.name).join(', ')}`,
    )
  const target = resolveTarget(description, flags.target)
  if (target.kind === 'unknown') return stop(reading, ExitCode.wrong)
  const wanted = artifactsOf(description, neededStages(description, target.stage.index)).get(stage.index) ?? []
  const tree = await openImage(image, flags, signal)
  const reports = wanted.map(artifact => verifyArtifact(artifact, stage, tree, loaded.context.environment))
  const diagnostics = [...reading, ...reports.flatMap(each => each.diagnostics)]
  const colours = palette(colour)
  const lines = reports.map(each =>
    each.status === 'ok'
      ? `${colours.good('✓')} ${printable(each.path)} (${each.kind}), for ${each.wantedBy.join(', ')}`
      : `${colours.error('✗')} ${printable(each.path)}, wanted by ${each.wantedBy.join(', ')}`,
  )
  if (wanted.length === 0) lines.push(`no later stage copies anything from stage "${stage.name}"`)
  return {
    exitCode: exitCodeOf(diagnostics),
    document: documentOf(loaded.input, flags, image, reports, diagnostics),
    text: `${lines.join('\n')}\n`,
    messages: renderDiagnostics(diagnostics, {source: loaded, colour}),
  }
}
