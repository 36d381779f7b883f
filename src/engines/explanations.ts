/** What failures of engines mean, as tables of patterns: the first that matches says it. */

export interface Explained {
  readonly message: string
  readonly hint: string
}

export interface Explanation {
  readonly pattern: RegExp
  readonly message: (match: RegExpExecArray) => string
  readonly hint: string
}

/** The first line of a table that knows a text. */
export function explainBy(table: readonly Explanation[], text: string): Explained | undefined {
  for (const {pattern, message, hint} of table) {
    const match = pattern.exec(text)
    if (match) return {message: message(match), hint}
  }
  return undefined
}

/** What a command in a RUN printed, where that tells more than its status. */
export const COMMAND_OUTPUT: readonly Explanation[] = [
  {
    pattern: /no space left on device/i,
    message: () => "the disk that holds the engine's images is full",
    hint: 'Free space there (docker system df, docker buildx prune; podman system df, podman image prune), or move it to a larger disk.',
  },
  {
    pattern: /disk quota exceeded/i,
    message: () => 'a disk quota is used up where the engine keeps its images',
    hint: "Free space there, or move the engine's storage to a place with room.",
  },
  {
    pattern: /exec format error/i,
    message: () => 'a program of the image is for another processor, or is no program',
    hint: 'Build for the platform of this machine, or let it run foreign programs (packages qemu-user-static and binfmt-support); a script needs "#!" in its first line.',
  },
  {
    pattern: /(?:exec: "\/bin\/sh": stat \/bin\/sh|fork\/exec \/bin\/sh): no such file or directory/,
    message: () => 'the image has no shell (/bin/sh), and RUN was given a text for one',
    hint: 'Write RUN as a list (["/program", "argument"]), or copy a static shell in first.',
  },
  {
    pattern: /setting supplemental groups list: operation not permitted/,
    message: () => "the engine's user has no subordinate ids, so that no command can take on the image's users",
    hint: 'usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER, then `podman system migrate`',
  },
]

/** Why an image could not be had from a registry. Clients and registries word it in many ways. */
export const REGISTRY: readonly Explanation[] = [
  {
    pattern: /429 Too Many Requests|toomanyrequests|pull rate limit/i,
    message: () => 'the registry has had too many requests from here for now',
    hint: 'Log in (docker login, podman login), wait, or use a mirror or a local copy: --base REF=REPLACEMENT.',
  },
  {
    pattern: /proxyconnect tcp: ([^\n]*)/,
    message: match => `the proxy cannot be reached (${match[1]})`,
    hint: "Look at HTTP_PROXY, HTTPS_PROXY and NO_PROXY; docker's daemon has its own (systemctl show docker --property Environment, or `proxies` in daemon.json).",
  },
  {
    pattern: /407 Proxy Authentication Required/i,
    message: () => 'the proxy wants a user and a password',
    hint: 'Put them into HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT).',
  },
  {
    pattern: /server gave HTTP response to HTTPS client/,
    message: () => 'the registry talks plain http, and was asked with https',
    hint: '--no-https for podman, buildah and Apptainer; for docker its name goes into "insecure-registries" in /etc/docker/daemon.json.',
  },
  {
    pattern: /(x509: [^\n"]*|tls: [^\n"]*)/,
    message: match => `the registry's certificate is not accepted (${match[1]})`,
    hint: "Install its authority's certificate (/etc/docker/certs.d/HOST:PORT/ca.crt, /etc/containers/certs.d/HOST:PORT/ca.crt).",
  },
  {
    pattern: /pull access denied|insufficient_scope|401 Unauthorized|\bunauthorized\b|authentication required/i,
    message: () => 'the registry will not give the image to you without a login, or has no such image',
    hint: 'docker login HOST (podman login HOST), or look at the name; a local copy does as well: --base REF=REPLACEMENT.',
  },
  {
    pattern: /403 Forbidden|requested access to the resource is denied|reading manifest [^\n]*: denied/,
    message: () => 'the registry refuses to give the image to you',
    hint: 'Look at the name, and at whom you are logged in as; a local copy does as well: --base REF=REPLACEMENT.',
  },
  {
    pattern:
      /dial tcp[^\n]*?: (connect: connection refused|lookup [^\n]*|connect: [^\n"]*|i\/o timeout)|(no such host)|(Client\.Timeout exceeded[^\n"]*|TLS handshake timeout)/,
    message: match => `the registry cannot be reached (${match[1] ?? match[2] ?? match[3]})`,
    hint: 'Look at its name, the network and the proxy settings, or use a local copy: --base REF=REPLACEMENT.',
  },
  {
    pattern: /(?:unexpected status from \w+ request to [^\n]*: |invalid status code from registry )(5\d\d[^\n]*)/,
    message: match => `the registry has trouble of its own (${match[1]})`,
    hint: 'Try again later, or use a local copy: --base REF=REPLACEMENT.',
  },
  {
    pattern: /no match for platform in manifest|no image found in (?:image index|manifest list) for architecture/i,
    message: () => 'the base image does not exist for this platform',
    hint: 'Name another base or platform: --base REF=REPLACEMENT.',
  },
]

/** A RUN that failed, by its status. `command` as it was written, as far as it is known. */
export function failedCommand(status: number, command: string | undefined): Explained {
  const what = command === undefined ? 'a command' : `the command \`${shortened(command)}\``
  if (status === 127)
    return {
      message: `${what} was not found (status 127)`,
      hint: 'Install the program in an earlier step, or look at its name and at PATH.',
    }
  if (status === 126)
    return {
      message: `${what} cannot be run (status 126)`,
      hint: 'Make it executable: COPY --chmod=755, or chmod in an earlier step.',
    }
  if (status === 137)
    return {
      message: `${what} was killed (status 137), most likely for want of memory`,
      hint: 'Give the machine or the daemon more memory, or let the command use less (make -j2).',
    }
  return {message: `${what} failed (status ${status})`, hint: 'The last lines above are its output.'}
}

function shortened(command: string): string {
  const line = command.trim().split('\n')[0] ?? ''
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}
