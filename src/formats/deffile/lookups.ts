/**
 * Where the one shell of `%post` remembers programs to be. docker looks each of them up anew in every RUN, so the
 * shell has to forget what may have moved (K115; tried with dash: `pip` after `pip install --upgrade pip`).
 */

/** Programs of every system, which nothing replaces without naming them. */
const systemTools = new Set(
  (
    'apk apt-get apt-cache apt-key apt-mark awk basename bash bzip2 cat chgrp chmod chown cp curl cut date dd dirname dnf dpkg du ' +
    'find getent grep groupadd groupmod gunzip gzip head hostname id install ldconfig ln locale-gen ls md5sum microdnf mkdir mkfifo ' +
    'mktemp mv od readlink rm rmdir rpm sed seq sh sha256sum sleep sort stat sync tail tar tee touch tr uname uniq update-alternatives ' +
    'update-ca-certificates useradd userdel usermod wc wget xargs xz yum zypper adduser addgroup unzip'
  ).split(' '),
)

/** Commands of the shell itself. */
const builtins = new Set(['echo', 'printf', 'test', '[', 'true', 'false', ':', 'pwd', 'kill'])

/** Programs that install what they are told by name, and others that put none where programs lie. */
const tame = new Set(
  (
    'add-apt-repository apt conda gem git gpg jupyter mamba micromamba node npm openssl perl pip pip2 pip3 pipx poetry python ' +
    'python2 python3 R Rscript ruby uv'
  ).split(' '),
)

export class Lookups {
  readonly #known = new Set<string>()
  readonly #stale = new Set<string>()

  /** Commands run by the script's own shell; whether it has to forget something first. */
  use(text: string): boolean {
    const names = commandsOf(text).filter(name => !name.includes('/') && !builtins.has(name))
    const forget = names.some(name => this.#stale.has(name))
    if (forget) {
      this.#known.clear()
      this.#stale.clear()
    }
    for (const name of names) this.#known.add(name)
    return forget
  }

  /** What a command may have moved, by its text. */
  ran(text: string): void {
    const touchesBin = /\bs?bin\b/.test(text)
    const wild = commandsOf(text).some(name => !builtins.has(name) && !systemTools.has(name) && !tame.has(name))
    for (const name of this.#known)
      if (touchesBin || (wild && !systemTools.has(name)) || isNamed(name, text)) this.#stale.add(name)
  }

  /** A copy may have put programs in front of those of the same name. */
  copied(destination: string | undefined, pathSet: boolean): void {
    if (destination !== undefined && !pathSet && !/(\/s?bin(\/|$))|^\/(usr|usr\/local)?\/?\.?$/.test(destination)) return
    for (const name of this.#known) this.#stale.add(name)
  }
}

/** A program is named elsewhere than where it is called. */
function isNamed(name: string, text: string): boolean {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  for (const {index} of text.matchAll(new RegExp(`(?<![\\w.])${escaped}(?!\\w)`, 'g'))) {
    let at = index - 1
    while (at >= 0 && /[^\S\n]/.test(text.charAt(at))) at -= 1
    if (at >= 0 && !/[;&|(\n]/.test(text.charAt(at))) return true
  }
  return false
}

/** The names of the commands in a text, roughly: the first word of each, assignments left out. */
function commandsOf(text: string): readonly string[] {
  return text
    .slice(0, 20_000)
    .split(/[;&|\n()`{}]+/)
    .flatMap(
      part =>
        /^\S+/.exec(
          part
            .trim()
            .replace(/^(\w+=\S*\s+)+/, '')
            .trim(),
        )?.[0] ?? [],
    )
}

/** Only programs of the system, which know nothing of variables that an image sets for itself. */
export function isSystemWork(text: string): boolean {
  return commandsOf(text).every(name => systemTools.has(name) || builtins.has(name))
}
