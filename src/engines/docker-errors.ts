/**
 * What failures of `docker buildx build` mean. Texts of Docker 20.10 to 28 (BuildKit 0.8 to 0.25); those in
 * test/engines/errors/docker were recorded. The last line says what failed, the lines before it what a command printed.
 */
import {COMMAND_OUTPUT, type Explained, type Explanation, explainBy, failedCommand, REGISTRY} from './explanations.js'

/** The client's or the daemon's own trouble. */
const CLIENT: readonly Explanation[] = [
  {
    pattern: /permission denied while trying to connect to the Docker daemon socket at (\S+?):? /,
    message: match => `you may not use the socket of docker's daemon (${match[1]})`,
    hint: 'sudo usermod -aG docker $USER and log in again, or a daemon of your own (dockerd-rootless-setuptool.sh install).',
  },
  {
    pattern: /Cannot connect to the Docker daemon at (\S+?)\.? Is the docker daemon running/,
    message: match => `docker's daemon does not answer at ${match[1]}`,
    hint: 'Start it (sudo systemctl start docker), or look at DOCKER_HOST and `docker context ls`.',
  },
  {
    pattern:
      /failed to receive status|error reading from server: EOF|transport is closing|closing transport|connection reset by peer|code = Unavailable/,
    message: () => "the connection to docker's daemon broke in the middle of the build: it was stopped, or has crashed",
    hint: 'Look at its log (journalctl -u docker), and build again: finished stages are kept.',
  },
  {
    pattern: /unknown command: docker buildx|'buildx' is not a docker command/,
    message: () => 'the docker client has no buildx',
    hint: 'Install docker-buildx (docker-buildx-plugin); plugins below ~/.docker count only for that user.',
  },
  {
    pattern: /unknown flag: (--\S+)(?![\s\S]*dockerfile parse error)/,
    message: match => `this docker client does not know ${match[1]}: it is too old`,
    hint: '`sifstage engines` tells which versions are needed.',
  },
  {
    pattern: /(?:Cache export|(?:OCI|Docker) exporter) is not supported for the docker driver/,
    message: () => "the daemon's image store cannot write this kind of output or cache",
    hint: '{"features": {"containerd-snapshotter": true}} in /etc/docker/daemon.json.',
  },
  {
    pattern: /context canceled|Canceled/,
    message: () => 'the build was stopped',
    hint: 'Build again: finished stages are kept.',
  },
]

/** What the builder itself says of a step or a base. */
const SOLVING: readonly Explanation[] = [
  {
    pattern: /no space left on device|ResourceExhausted/i,
    message: () => "the disk of docker's daemon is full",
    hint: 'Free space there: docker system df, docker buildx prune, docker image prune; or give the daemon a larger data-root.',
  },
  {
    pattern: /localhost\/sifstage\/stage:(\w+)/,
    message: () => "the image of an earlier stage is gone from docker's storage",
    hint: 'Something has removed it meanwhile (docker image prune). Build again: it is made anew.',
  },
  {
    pattern: /secret (\S+): not found/,
    message: match => `the secret "${match[1]}" is needed and was not given`,
    hint: '--secret id=NAME,src=FILE',
  },
  {
    pattern: /dockerfile parse error on line \d+: (.*)/i,
    message: match => `the daemon's BuildKit does not understand the Dockerfile: ${match[1]}`,
    hint: 'It may be too old for an instruction or flag: `sifstage engines` shows its version.',
  },
  {
    pattern: /unable to find (user|group) (\S+): /,
    message: match => `the image knows no ${match[1]} "${match[2]}"`,
    hint: 'Make it in an earlier RUN (adduser), or give its number.',
  },
  ...REGISTRY,
  {
    pattern: /failed to resolve source metadata for (\S+): .*not found|failed to create LLB definition: (\S+): not found/,
    message: match => `there is no such image: ${match[1] ?? match[2]}`,
    hint: 'Look at its name and tag; a COPY --from that names no stage is taken for an image.',
  },
]

/** COPY of something that is not there: 23 and newer, and before that. */
const MISSING =
  /(?:failed to calculate checksum of ref [^\n]*|failed to walk [^\n]*): "([^"\n]+)": not found|lstat \S*?(?:buildkit-mount\d+|\/merged)(\/[^\n:]*): no such file or directory/

/** Who was asked for it: the heading of the failing step, ` > [2/2] COPY --from=a /x /y:`. */
function missing(path: string, lines: readonly string[]): Explained {
  const heading = lines.findLast(line => /^ > \[/.test(line)) ?? ''
  const from = /\b(?:COPY|ADD)\b.*?--from=(\S+)/.exec(heading)?.[1]
  return from === undefined
    ? {
        message: `the build context has no ${path}, which a COPY takes`,
        hint: 'Look at the path and at .dockerignore; paths are relative to the context.',
      }
    : {
        message: `stage or image "${from}" has no ${path}, which a COPY takes`,
        hint: '`sifstage verify` and the check of artifacts name the paths that are nearest to it.',
      }
}

export function explainDocker(lines: readonly string[]): Explained | undefined {
  const text = lines.join('\n')
  const verdict = lines.findLast(line => /^(?:ERROR|error): |^failed to solve|^docker: |^unknown flag/.test(line)) ?? ''
  const failed =
    /process "([\s\S]*)" did not complete successfully: exit code: (\d+)/.exec(verdict) ??
    /executor failed running \[([\s\S]*)\]: exit code: (\d+)/.exec(verdict)
  if (failed !== null)
    return (
      explainBy(COMMAND_OUTPUT, text) ?? failedCommand(Number(failed[2]), failed[1]?.replace(/^\/bin\/sh -c /, '') || undefined)
    )
  const path = MISSING.exec(verdict)
  if (path !== null) return missing(path[1] ?? path[2] ?? '', lines)
  return explainBy(SOLVING, verdict) ?? explainBy(CLIENT, verdict === '' ? text : verdict)
}

/** Lines of `--progress plain` that say nothing to a person: what BuildKit loads, and that a step has ended. */
const NOISE = [
  /^$/,
  /^#\d+ (DONE|CACHED|CANCELED)\b/,
  /^#\d+ \[(?:internal|auth)\]/,
  /^#\d+ (transferring (dockerfile|context)|resolve |sha256:|extracting |exporting |naming to |unpacking to |writing image |pushing |sending tarball|importing |preparing build cache|resolving provenance)/,
  /^#0 building with /,
  /^#\d+ \[[^\]]*\] FROM /,
  /^#\d+ ERROR: /,
  /^------$/,
  /^[\w.-]*Dockerfile:\d+$/,
  /^-{20}$/,
  /^ +\d+ \| /,
]

/**
 * The failing step is told again at the end (its heading, its lines, the Dockerfile around it); the heading stays, since
 * `explainDocker` reads it.
 */
export function isBuildKitNoise(line: string): boolean {
  return NOISE.some(pattern => pattern.test(line))
}
