/**
 * What failures of podman and buildah mean, which build by the same code. Texts of buildah 1.28 and podman 4.3; those in
 * test/engines/errors were recorded. The last `Error:` says what failed, the lines before it what a command printed.
 */
import {COMMAND_OUTPUT, type Explained, type Explanation, explainBy, failedCommand, REGISTRY} from './explanations.js'

const CHROOT = 'Let it run in the plainest way: --engine-arg=--isolation=chroot (`sifstage engines` tries what works).'

const BUILDING: readonly Explanation[] = [
  {
    pattern: /no space left on device/i,
    message: () => "the disk that holds the engine's images, or its TMPDIR, is full",
    hint: 'Free space there (podman system df, podman image prune, buildah prune), or name another graphroot in storage.conf; TMPDIR takes what is being fetched.',
  },
  {
    pattern: /disk quota exceeded/i,
    message: () => 'a disk quota is used up where the engine keeps its images',
    hint: 'Name another graphroot in storage.conf (rootless_storage_path), and another TMPDIR.',
  },
  {
    pattern: /localhost\/sifstage\/stage:(\w+)/,
    message: () => "the image of an earlier stage is gone from the engine's storage",
    hint: 'Something has removed it meanwhile (podman image prune). Build again: it is made anew.',
  },
  {
    pattern:
      /building at STEP "((?:COPY|ADD)[^\n]*)": checking on sources under "[^"]*": (?:[^\n]*; )?copier: stat: \[?"([^"\n]+)"/,
    message: match => {
      const from = /--from=(\S+)/.exec(match[1] ?? '')?.[1]
      return from === undefined
        ? `the build context has no ${match[2]}, which a COPY takes`
        : `stage or image "${from}" has no ${match[2]}, which a COPY takes`
    },
    hint: 'Look at the path; for the context also at .dockerignore.',
  },
  {
    pattern: /COPY --from=(\S+): no stage or image found with that name/,
    message: match => `there is no stage or image "${match[1]}"`,
    hint: 'Look at the name behind --from.',
  },
  {
    pattern: /secret required but no secret with id (\S+) found/,
    message: match => `the secret "${match[1]}" is needed and was not given`,
    hint: '--secret id=NAME,src=FILE',
  },
  {
    pattern: /Unknown instruction: "?(\w+)/i,
    message: match =>
      `the engine knows no instruction ${match[1]}: it is too old for it, or for here-documents (RUN <<EOF), whose lines it reads as instructions`,
    hint: 'podman 4.9 or buildah 1.33 read here-documents; or build with another engine.',
  },
  {
    pattern: /(COPY|ADD) only supports the [^\n]*/,
    message: match => `the engine does not know a flag of ${match[1]}: it is too old`,
    hint: '`sifstage engines` tells which version is here; or build with another engine.',
  },
  {
    pattern: /unknown flag: (--\S+)/,
    message: match => `the engine does not know ${match[1]}: it is too old`,
    hint: '`sifstage engines` tells which versions are needed.',
  },
  {
    pattern: /error looking up (user|group) "([^"]+)"/,
    message: match => `the image knows no ${match[1]} "${match[2]}"`,
    hint: 'Make it in an earlier RUN (adduser), or give its number.',
  },
  {
    pattern: /short-name "([^"]+)" did not resolve/,
    message: match => `"${match[1]}" is no whole name of an image, and no registry is set for such names`,
    hint: 'Write the registry in front (docker.io/library/NAME:TAG), or set unqualified-search-registries in registries.conf.',
  },
  {
    pattern: /short-name resolution enforced but cannot prompt/,
    message: () => 'a short name of an image may mean several registries, and nobody can be asked which',
    hint: 'Write the registry in front: docker.io/library/NAME:TAG.',
  },
  {
    pattern: /cannot set --network other than host with --isolation chroot/,
    message: () => 'a RUN without network cannot be carried out with --isolation chroot',
    hint: 'Only another isolation has it, or another engine: `sifstage engines` tells what works here.',
  },
  {
    pattern: /manifest unknown|name unknown|repository name not known/i,
    message: () => 'the registry has no such image',
    hint: 'Look at its name and tag, or use another base: --base REF=REPLACEMENT.',
  },
  ...REGISTRY,
]

/** Why the engine cannot work at all as this user here. */
const MACHINE: readonly Explanation[] = [
  {
    pattern:
      /no subuid ranges found|cannot find UID\/GID for user|insufficient UIDs or GIDs|potentially insufficient UIDs|lchown [^\n]*invalid argument/i,
    message: () =>
      "the engine's user has no subordinate ids, or too few: images in which files belong to others cannot be unpacked",
    hint: 'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER, then `podman system migrate`',
  },
  {
    pattern: /cannot resolve (\/\S+): lstat|mkdir (\/\S+): (?:permission denied|read-only file system)/,
    message: match => `the engine's user cannot write ${match[1] ?? match[2]}, where the engine keeps its images or settings`,
    hint: 'Give the user a home folder, or name other folders: graphroot and runroot in a storage.conf (CONTAINERS_STORAGE_CONF).',
  },
  {
    pattern: /newuidmap|newgidmap/,
    message: () => 'the system did not let the engine make its user namespace (newuidmap)',
    hint: 'Install uidmap; in a container newuidmap needs its file capabilities. `sifstage engines` tells what is missing.',
  },
  {
    pattern: /default OCI runtime "([^"]+)" not found|exec: "(crun|runc)": executable file not found/,
    message: match => `the program that starts containers is missing (${match[1] ?? match[2]})`,
    hint: `Install it, or name another in containers.conf (runtime = "runc"). ${CHROOT}`,
  },
  {
    pattern: /setrlimit|setting rlimit/,
    message: () => 'the engine asks for more open files or processes than this machine allows',
    hint: 'default_ulimits = [] in containers.conf; or --engine-arg=--isolation=chroot.',
  },
  {
    pattern:
      /cgroups? in hybrid mode|cgroup[^\n]*(not supported|permission denied|read-only|no such file)|sd-bus|Interactive authentication required|systemd-logind/i,
    message: () => 'the engine cannot make a control group here',
    hint: `cgroup_manager = "cgroupfs" and runtime = "runc" in containers.conf. ${CHROOT}`,
  },
  {
    pattern:
      /can't stat program "([^"]+)"|(\/dev\/fuse)[^\n]*(?:no such file|permitted|denied)|fuse: device not found|fuse-overlayfs: cannot mount/,
    message: match =>
      `layers are to be mounted by a FUSE program, and that is not possible here (${match[1] ?? match[2] ?? 'no /dev/fuse'})`,
    hint: 'Install fuse-overlayfs and open /dev/fuse, or leave mount_program out of storage.conf where the kernel can do it (5.13), or driver = "vfs".',
  },
  {
    pattern:
      /mount[^\n]*overlay[^\n]*(?:permission denied|operation not permitted|invalid argument)|'overlay' is not supported over|kernel does not support overlay/i,
    message: () => 'layers cannot be mounted where the engine keeps its images (overlay)',
    hint: 'Name a graphroot on a disk of this machine in storage.conf (not NFS, not another overlay), use fuse-overlayfs, or driver = "vfs", which is slow.',
  },
  {
    pattern: /overwritten by graph driver "(\w+)" from database|database graph driver "(\w+)" does not match/i,
    message: match => `podman remembers another storage driver (${match[1] ?? match[2]}) than storage.conf says`,
    hint: '`podman system reset` starts anew and removes all its images.',
  },
  {
    pattern: /slirp4netns|pasta[^\n]*(?:not found|executable)|netavark[^\n]*(?:not found|failed)/i,
    message: () => 'the program that gives a rootless container its network is missing or does not work',
    hint: `Install slirp4netns (or passt). ${CHROOT}`,
  },
  {
    pattern: /cannot clone: |user namespaces are not enabled|unshare[^\n]*not permitted/i,
    message: () => 'the kernel lets the engine make no user namespace',
    hint: 'sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1',
  },
  {
    pattern: /context canceled|signal: (?:terminated|interrupt)/,
    message: () => 'the build was stopped',
    hint: 'Build again: finished stages are kept.',
  },
  {
    pattern: /OCI permission denied|operation not permitted|runc create failed|crun: /i,
    message: () => 'this machine does not let the engine make a container of its own for a RUN',
    hint: CHROOT,
  },
]

/** When nothing more is known of it. */
const RUNTIME: Explanation = {
  pattern: /^error running container: ([^\n]*)/,
  message: match => `the engine could not start a container for a RUN (${match[1]})`,
  hint: CHROOT,
}

export function explainContainers(lines: readonly string[]): Explained | undefined {
  // A message may go on over many lines.
  const at = lines.findLastIndex(line => /^Error: /.test(line))
  // Ended before it could say what is wrong: its warnings tell what it was waiting for.
  const warnings = lines.filter(line => /^time=.* level=(?:warning|error)/.test(line)).join('\n')
  if (at === -1) return explainBy(REGISTRY, warnings) ?? explainBy(MACHINE, warnings)
  const verdict = lines.slice(at).join('\n')
  const failed = /building at STEP "RUN ([\s\S]*)": (?:while running runtime: )?exit status (\d+)/.exec(verdict)
  if (failed !== null) {
    // Not the command: what should have started it.
    const runtime = lines.findIndex(line => /^error running container: /.test(line))
    const machine = runtime === -1 ? undefined : explainBy([...MACHINE, RUNTIME], lines.slice(runtime, at).join('\n'))
    return machine ?? explainBy(COMMAND_OUTPUT, lines.join('\n')) ?? failedCommand(Number(failed[2]), failed[1])
  }
  return explainBy(BUILDING, verdict) ?? explainBy(MACHINE, verdict)
}

/** Lines that say nothing to a person: what is fetched and written, and how a command of a chroot has ended. */
const NOISE = [
  /^Getting image source signatures$/,
  /^Copying (blob|config) /,
  /^Writing manifest to image destination$/,
  /^Storing signatures$/,
  /^subprocess exited (with status|on) /,
  /^--> (Using cache )?[0-9a-f]{11,64}$/,
  /^(\[\d+\/\d+\] )?COMMIT\b/,
  /^Successfully tagged /,
  /^[0-9a-f]{64}$/,
]

export function isContainersNoise(line: string): boolean {
  return NOISE.some(pattern => pattern.test(line))
}
