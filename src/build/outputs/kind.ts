/** What a kind of OUT is made of: the interface between what an engine built and what is written of it. */
import type {ImageForm, WrittenArchive} from '../../images/image-archive.js'
import type {OutputRequest} from '../../model/outputs.js'
import type {StoredStage} from '../../model/store.js'
import type {BuildPorts, BuildRequest} from '../request.js'

/** The image that the build was asked for, however its engine keeps it. An output takes of it what it needs. */
export interface BuiltImage {
  readonly stored: StoredStage
  /** Its tree in a folder of scratch, with the person's own text as its definition. */
  tree(): Promise<{readonly root: string; readonly folder: string}>
  /** Lays its tree at `root`, which is not there yet. */
  layTree(root: string): Promise<void>
  /** Writes it as an archive of one image with these names. */
  archive(file: string, form: ImageForm, names: readonly string[]): Promise<WrittenArchive>
}

export interface OutputTask<Request extends OutputRequest> {
  readonly output: Request
  readonly image: BuiltImage
  readonly request: BuildRequest
  readonly ports: BuildPorts
  readonly signal: AbortSignal
}

/** What is told of OUT. */
export interface Output {
  readonly path: string
  readonly digest: string
  readonly bytes: number
}
