import type {ImageFacts} from '../model/image.js'

/** Facts of an image that is of one build alone: none outlives it. */
export const nothingKept: ImageFacts = {
  load: async () => new Map(),
  save: async () => {},
  loadTexts: async () => new Map(),
  saveTexts: async () => {},
}
