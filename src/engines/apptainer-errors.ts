/** What failures of Apptainer and SingularityCE mean; the two share most of their code. */
import {type Explained, type Explanation, explainBy} from './explanations.js'

/** Lines that our own binds over /tmp cause, that every build prints (D54), or that only follow from the one that says why (D105). */
const NOISE = [
  /destination is already in the mount point list/,
  /To see mksquashfs output with progress bar/,
  /No default remote in use, falling back to default keyserver/,
  /Can't (add file|close).*missed writing/,
]

const EXPLANATIONS: readonly Explanation[] = [
  {
    pattern:
      /error while starting the 'faked' daemon|fakeroot.*not found|libfakeroot.*cannot be preloaded|GLIBC_[\d.]+' not found \(required by .*faked|can't be preloaded/,
    message: () =>
      'the engine runs %post under the `fakeroot` command, and that cannot run in this image: the user has no subordinate ids, and the base is static, musl or older than the host',
    hint: 'Ask the administrator for subordinate ids (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER), or build with --engine-arg=--ignore-fakeroot-command when the steps change no owners.',
  },
  {
    pattern: /no space left on device/i,
    message: () => 'a disk is full',
    hint: 'Free space in the scratch folder (SIFSTAGE_TMPDIR) and the cache folder, or point them at a larger disk.',
  },
  {
    pattern: /disk quota exceeded/i,
    message: () => 'a disk quota is used up',
    hint: 'Point SIFSTAGE_TMPDIR, SIFSTAGE_CACHE_DIR and APPTAINER_CACHEDIR at a place with room.',
  },
  {
    pattern:
      /conveyor failed to get: (?:.*: )?(?:MANIFEST_UNKNOWN|NAME_UNKNOWN|manifest unknown|requested access to the resource is denied|UNAUTHORIZED)/,
    message: () => 'the registry has no such base image, or will not give it to you',
    hint: 'Look at the name and tag; for a private image log in first (apptainer registry login), or use --base REF=REPLACEMENT.',
  },
  {
    pattern: /dial tcp[^;]*: (connect: connection refused|lookup [^:]+: .*|i\/o timeout)|no such host/,
    message: match => `the registry cannot be reached (${match[0]})`,
    hint: 'Look at the network and proxy settings, or use a local copy: --base REF=./base.sif.',
  },
  {
    pattern: /while running %post section: exit status (\d+)/,
    message: match => `a command in %post failed (status ${match[1]})`,
    hint: 'The last lines above are its output. --on-failure keep leaves the tree for `sifstage shell`.',
  },
  {
    pattern: /failed to execute %test script: exit status (\d+)/,
    message: match => `the stage was built, but its %test failed (status ${match[1]})`,
    hint: 'Mend the image or the test; --notest builds without it.',
  },
  {
    pattern: /no source files found matching: (.*)/,
    message: match => `%files names something that is not there: ${match[1]}`,
    hint: 'SingularityCE reads only * ? [ ] in it (rule D163).',
  },
  {
    pattern: /invalid symlink target: (\S+), resolves to/,
    message: match =>
      `the engine refuses to copy a relative link that would leave the image at its new place (${match[1]}, rule D99)`,
    hint: 'Copy the tree to a place as deep as it was, or make the link absolute.',
  },
  {
    pattern: /fifos are not copied/,
    message: () => 'the engine cannot copy a FIFO between stages (rule D95)',
    hint: 'Remove it in the earlier stage, or copy the files one by one.',
  },
  {
    pattern: /newuidmap|could not use fakeroot: no mapping entry found/,
    message: () => 'the kernel or the system did not let the engine make its user namespace',
    hint: '`sifstage engines` tells what is missing here.',
  },
]

export function explainApptainer(output: readonly string[]): Explained | undefined {
  return explainBy(EXPLANATIONS, output.join('\n'))
}

export function isApptainerNoise(line: string): boolean {
  return NOISE.some(pattern => pattern.test(line))
}
