/** What engines' failures are taken to mean. The texts in `errors/` were recorded: Docker 28.5, buildah 1.28, podman 4.3. */
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {describe, expect, it} from 'vitest'
import {explainApptainer} from '../../src/engines/apptainer-errors.js'
import {explainContainers, isContainersNoise} from '../../src/engines/containers-errors.js'
import {explainDocker, isBuildKitNoise} from '../../src/engines/docker-errors.js'

const folder = fileURLToPath(new URL('errors', import.meta.url))

function recorded(engine: string, name: string): string[] {
  const lines = readFileSync(join(folder, engine, `${name}.txt`), 'utf8')
    .trimEnd()
    .split('\n')
  return lines.filter(line => !/^exit \d+$/.test(line))
}

const docker: Readonly<Record<string, string>> = {
  cancelled: 'the build was stopped',
  'client-flag': 'this docker client does not know --nosuch: it is too old',
  'copy-from-missing': 'stage or image "a" has no /nope, which a COPY takes',
  'copy-host-missing': 'the build context has no /nohost, which a COPY takes',
  'daemon-lost': "the connection to docker's daemon broke in the middle of the build: it was stopped, or has crashed",
  denied: 'the registry refuses to give the image to you',
  'earlier-gone': "the image of an earlier stage is gone from docker's storage",
  'exec-format': 'a program of the image is for another processor, or is no program',
  flag: "the daemon's BuildKit does not understand the Dockerfile: unknown flag: --nosuch",
  'http-500': 'the registry has trouble of its own (500 Internal Server Error)',
  'http-for-https': 'the registry talks plain http, and was asked with https',
  instruction: "the daemon's BuildKit does not understand the Dockerfile: unknown instruction: RUM (did you mean RUN?)",
  'lost-stage': 'there is no such image: docker.io/library/earlier:latest',
  'no-buildx': 'the docker client has no buildx',
  'no-daemon': "docker's daemon does not answer at unix:///STATE/docker.sock",
  'no-host': 'the registry cannot be reached (lookup nosuch.invalid on 127.0.0.53:53: no such host)',
  'no-user': 'the image knows no user "nosuchuser"',
  permission: "you may not use the socket of docker's daemon (unix:///STATE/docker.sock)",
  proxy: 'the proxy cannot be reached (dial tcp 127.0.0.1:1: connect: connection refused)',
  'rate-limit': 'the registry has had too many requests from here for now',
  refused: 'the registry cannot be reached (connect: connection refused)',
  'run-127': 'the command `nosuchcmd` was not found (status 127)',
  'run-7': 'the command `echo before; exit 7` failed (status 7)',
  'run-no-shell': 'the image has no shell (/bin/sh), and RUN was given a text for one',
  secret: 'the secret "token" is needed and was not given',
  'space-copy': "the disk of docker's daemon is full",
  'space-run': "the disk that holds the engine's images is full",
  unauthorized: 'the registry will not give the image to you without a login, or has no such image',
  'unknown-image': 'there is no such image: 127.0.0.1:5077/nosuch:latest',
  'unknown-stage': 'there is no such image: docker.io/library/zz:latest',
  'unknown-tag': 'there is no such image: 127.0.0.1:5077/busybox:nosuch',
}

const buildah: Readonly<Record<string, string>> = {
  certificate:
    "the registry's certificate is not accepted (x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs)",
  'chroot-network': 'a RUN without network cannot be carried out with --isolation chroot',
  'client-flag': 'the engine does not know --nosuch: it is too old',
  'copy-from-missing': 'stage or image "a" has no /nope, which a COPY takes',
  'copy-from-missing-glob': 'stage or image "a" has no /nope*, which a COPY takes',
  'copy-host-missing': 'the build context has no /nohost, which a COPY takes',
  denied: 'the registry refuses to give the image to you',
  'earlier-gone': "the image of an earlier stage is gone from the engine's storage",
  'no-runtime': 'the program that starts containers is missing (crun)',
  'runtime-limits': 'the engine asks for more open files or processes than this machine allows',
  'exec-format': 'a program of the image is for another processor, or is no program',
  flag: 'the engine does not know a flag of COPY: it is too old',
  heredoc:
    'the engine knows no instruction ECHO: it is too old for it, or for here-documents (RUN <<EOF), whose lines it reads as instructions',
  'http-500': 'the registry has trouble of its own (500 (Internal Server Error))',
  instruction:
    'the engine knows no instruction RUM: it is too old for it, or for here-documents (RUN <<EOF), whose lines it reads as instructions',
  'lost-stage': 'there is no stage or image "earlier"',
  'no-host': 'the registry cannot be reached (lookup nosuch.invalid on 127.0.0.53:53: no such host)',
  'no-mounter': 'layers are to be mounted by a FUSE program, and that is not possible here (/usr/bin/nosuch-fuse)',
  'no-subuid': "the engine's user has no subordinate ids, so that no command can take on the image's users",
  'no-user': 'the image knows no user "nosuchuser"',
  proxy: 'the proxy cannot be reached (dial tcp 127.0.0.1:1: connect: connection refused)',
  // It was ended while it tried again and again, so that there is no last word.
  'rate-limit': 'the registry has had too many requests from here for now',
  refused: 'the registry cannot be reached (connect: connection refused)',
  'run-127': 'the command `nosuchcmd` was not found (status 127)',
  'run-7': 'the command `echo before; exit 7` failed (status 7)',
  'run-no-shell': 'the image has no shell (/bin/sh), and RUN was given a text for one',
  secret: 'the secret "token" is needed and was not given',
  'short-name': '"nosuchname:1" is no whole name of an image, and no registry is set for such names',
  'space-copy': "the disk that holds the engine's images, or its TMPDIR, is full",
  'space-pull': "the disk that holds the engine's images, or its TMPDIR, is full",
  'space-run': "the disk that holds the engine's images is full",
  tls: 'the registry talks plain http, and was asked with https',
  unauthorized: 'the registry will not give the image to you without a login, or has no such image',
  'unknown-image': 'the registry has no such image',
  'unknown-stage': 'there is no stage or image "zz"',
  'unknown-tag': 'the registry has no such image',
}

const podman: Readonly<Record<string, string>> = {
  'chroot-network': buildah['chroot-network'] ?? '',
  'copy-from-missing': buildah['copy-from-missing'] ?? '',
  heredoc: buildah['heredoc'] ?? '',
  'lost-stage': buildah['lost-stage'] ?? '',
  'no-subuid': buildah['no-subuid'] ?? '',
  rlimit: 'the engine asks for more open files or processes than this machine allows',
  'run-127': buildah['run-127'] ?? '',
  'run-7': buildah['run-7'] ?? '',
  'short-name': buildah['short-name'] ?? '',
  'unknown-tag': buildah['unknown-tag'] ?? '',
}

const families = [
  {engine: 'docker', explain: explainDocker, table: docker},
  {engine: 'buildah', explain: explainContainers, table: buildah},
  {engine: 'podman', explain: explainContainers, table: podman},
]

describe.each(families)('$engine', ({engine, explain, table}) => {
  it.each(Object.entries(table))('explains %s', (name, message) => {
    const explained = explain(recorded(engine, name))
    expect(explained?.message).toBe(message)
    expect(explained?.hint).toMatch(/\S/)
  })

  it('has every recorded text in the table, and finds nothing wrong with a build that went well', () => {
    const names = readdirSync(join(folder, engine)).map(name => name.replace('.txt', ''))
    expect(names.filter(name => name !== 'success').sort()).toEqual(Object.keys(table).sort())
    expect(explain(recorded(engine, 'success'))).toBeUndefined()
  })
})

describe('texts of other versions', () => {
  it.each([
    [
      'executor failed running [/bin/sh -c echo before; exit 7]: exit code: 7',
      'the command `echo before; exit 7` failed (status 7)',
    ],
    [
      'rpc error: code = Unknown desc = failed to solve with frontend dockerfile.v0: failed to create LLB definition: 127.0.0.1:5077/nosuch:latest: not found',
      'there is no such image: 127.0.0.1:5077/nosuch:latest',
    ],
    ['lstat /data/tmp/buildkit-mount123/nope: no such file or directory', 'the build context has no /nope, which a COPY takes'],
    [
      'Cache export is not supported for the docker driver.',
      "the daemon's image store cannot write this kind of output or cache",
    ],
    [
      'failed to solve: process "/bin/sh -c make -j" did not complete successfully: exit code: 137',
      'the command `make -j` was killed (status 137), most likely for want of memory',
    ],
  ])('Docker 20.10 and 26: %s', (text, message) => {
    expect(explainDocker([`ERROR: ${text}`])?.message).toBe(message)
  })

  it('takes what a command printed for its own, not for the engine’s', () => {
    const lines = [
      '#5 0.1 curl: dial tcp 127.0.0.1:80: connect: connection refused',
      'ERROR: failed to build: failed to solve: process "/bin/sh -c curl x" did not complete successfully: exit code: 6',
    ]
    expect(explainDocker(lines)?.message).toBe('the command `curl x` failed (status 6)')
    const same = ['dial tcp 127.0.0.1:80: connect: connection refused', 'Error: building at STEP "RUN curl x": exit status 6']
    expect(explainContainers(same)?.message).toBe('the command `curl x` failed (status 6)')
  })

  it('says nothing where it knows nothing', () => {
    expect(explainDocker(['ERROR: something new'])).toBeUndefined()
    expect(explainContainers(['Error: something new'])).toBeUndefined()
    expect(explainApptainer(['FATAL:   something new'])).toBeUndefined()
  })

  it('knows what SingularityCE says of sources that match nothing (D164)', () => {
    expect(explainApptainer(['FATAL:   While performing build: no source files found matching: /opt/*.x'])?.message).toBe(
      '%files names something that is not there: /opt/*.x',
    )
  })
})

describe('lines that say nothing', () => {
  it('leaves of a build with BuildKit what its commands printed', () => {
    expect(recorded('docker', 'success').filter(line => !isBuildKitNoise(line))).toEqual([
      '#5 [a 2/2] RUN echo hello > /x; echo to-stderr >&2',
      '#5 0.180 to-stderr',
      '#6 [stage-1 2/2] COPY --from=a /x /x',
    ])
  })

  it('leaves the verdict of one that failed', () => {
    const left = recorded('docker', 'run-7').filter(line => !isBuildKitNoise(line))
    expect(left.at(-1)).toMatch(/^ERROR: failed to build/)
    expect(left).toContain('#5 0.120 before')
  })

  it('leaves of a build with buildah its steps and what commands printed', () => {
    expect(recorded('buildah', 'success').filter(line => !isContainersNoise(line))).toEqual([
      '[1/2] STEP 1/2: FROM 127.0.0.1:5077/busybox AS a',
      '[1/2] STEP 2/2: RUN echo hello > /x; echo to-stderr >&2',
      'to-stderr',
      '[2/2] STEP 1/2: FROM 127.0.0.1:5077/busybox',
      '[2/2] STEP 2/2: COPY --from=a /x /x',
    ])
  })
})
