/** Entries that no test raises, each with the reason: what would have to be broken is not ours to break. */
export const UNREACHED: Readonly<Record<string, string>> = {
  'is-no-file': 'a file that becomes something else between two looks at it',
  'holds-more-than-50000-files-and-folders': 'a folder of more than 50,000 files takes longer to make than all other cases',
  'is-compressed-with-and-the-program-is': 'xz and zstd are looked for in /usr/bin alone, and the tests need both',
  'cannot-be-fetched-nothing-came-for-s': 'a server has to be silent for a minute',
  'stage-copies-from-which-is-no-stage': 'the checks refuse such a copy before; held here in case one does not',
  'it-has-layers-that-lie-elsewhere-than': 'caught: the engine fetches the base itself, and a note says so',
  'the-base-cannot-be-copied-for': 'the disk of the store has to be full',
  'the-base-cannot-be-read-by': 'the tests run as root in CI, who may read all',
  'the-base-cannot-be-read': 'the tests run as root in CI, who may read all',
  'needs-podman-which-is-not-installed': 'podman is looked for in /usr/bin too, and the tests need it',
  'it-has-a-layer-that-is-compressed': 'wants a Node older than the one of the tests',
  'unsquashfs-is-not-installed-stage-images-are': 'looked for in /usr/bin too; the same message is raised for mksquashfs',
  'built-the-stage-but-does-not-have': 'another program has to remove the image between two commands of the engine',
  'is-not-installed-commands-of-a-dockerfile': 'setpriv and env are parts of every Linux that the tests run on',
  'the-images-of-are-needed-and-this':
    'the keys of stages name their engine, so that no build finds images of another; held in case one does',
  'stopped-before-anything-was-written': 'questions are asked on a terminal alone',
  'template-is-not-written-so': 'every template is written in all three languages today',
  'the-key-is-gone-again': 'another program has to remove the key between two calls',
  'the-store-cannot-be-thinned-out': 'the tests run as root in CI, who may remove all',
  'the-store-lost-what-was-just-written': 'another program has to remove the entry between two calls',
}
