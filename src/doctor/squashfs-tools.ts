/** squashfs-tools: versions, and what they can compress with. */
import {findProgram, isAtLeast} from '../probes/programs.js'
import {error, type Found, type Look, ok, warning} from './look.js'

const COMPRESSORS = /^\s+(gzip|lzma|lzo|lz4|xz|zstd)\b/

/** The version in what such a program prints. */
function squashfsVersion(lines: readonly string[]): string | undefined {
  return lines.map(line => /version (\d+\.\d+\S*)/.exec(line)?.[1]).find(each => each !== undefined)
}

export const squashfsTools: Look = {
  name: 'squashfs-tools',
  async look({ask, env}) {
    const names = ['mksquashfs', 'unsquashfs'] as const
    const missing = names.filter(name => findProgram(name, env['PATH'] ?? '') === undefined)
    if (missing.length > 0)
      return [
        error(
          `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing`,
          'images of stages are packed and read with them',
          'sudo apt-get install squashfs-tools',
        ),
      ]
    const [pack, unpack, help] = await Promise.all([
      ask(['mksquashfs', '-version']),
      ask(['unsquashfs', '-version']),
      ask(['mksquashfs', '-help']),
    ])
    const from = help.lines.findIndex(line => /compressors available/i.test(line))
    const known = from === -1 ? [] : help.lines.slice(from).flatMap(line => COMPRESSORS.exec(line)?.[1] ?? [])
    const [packs, unpacks] = [squashfsVersion(pack.lines), squashfsVersion(unpack.lines)]
    const found: Found[] = [
      ok(
        `mksquashfs ${packs ?? 'of an unknown version'}, unsquashfs ${unpacks ?? 'of an unknown version'}${known.length === 0 ? '' : `; compress with ${[...new Set(known)].join(', ')}`}`,
      ),
    ]
    if (unpacks !== undefined && !isAtLeast(unpacks, 4, 5))
      found.push(
        warning(
          `unsquashfs ${unpacks} prints no single files`,
          'what a check reads of an image is unpacked into scratch instead, which is slower',
          'squashfs-tools 4.5 or newer',
        ),
      )
    return found
  },
}
