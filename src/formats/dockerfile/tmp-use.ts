/**
 * D71, D72: in `%post` /tmp and /var/tmp are the host's, so nothing that is left there gets into the image. A script
 * of nothing but these commands, which leave nothing there, is as well off with the image's own folders.
 */

const tidy = new Set(
  (
    '[ [[ : . ar apk apt apt-get awk basename break bunzip2 bzip2 c++ cat cc cd chgrp chmod chown clang cmake command continue cp curl cut ' +
    'date dirname dnf do done dpkg echo elif else env esac eval exec exit export expr false fi find for fortran function g++ gcc ' +
    'getconf gfortran git grep groupadd gunzip gzip hash head id if in install ld ldconfig ln locale-gen local ls make md5sum ' +
    'meson microdnf mkdir mv ninja nproc od patch pip pip3 printf pwd read readlink readonly realpath return rm rmdir sed seq set sh sha256sum ' +
    'shift sleep sort source stat strip tail tar tdnf tee test then time touch tr trap true type umask uname uniq unset unxz ' +
    'unzip update-alternatives update-ca-certificates useradd usermod wait wc wget which while xargs xz yum zcat zstd zypper { } ! (('
  ).split(' '),
)

export function leavesTmpAlone(script: string): boolean {
  if (/tmp|TMP/.test(script)) return false
  return commandWords(withoutBodies(script)).every(word => tidy.has(word) || /^\.?\/?configure$/.test(word))
}

/** Here-documents are text. */
function withoutBodies(script: string): string {
  const kept: string[] = []
  let end: string | undefined
  for (const line of script.split('\n')) {
    if (end !== undefined) {
      if (line.trim() === end) end = undefined
      continue
    }
    kept.push(line)
    end = /<<-?\s*["'\\]?([A-Za-z0-9_]+)/.exec(line)?.[1]
  }
  return kept.join('\n')
}

/** The first word of each command, roughly: what is no command at all is taken for an unknown one. */
function commandWords(script: string): string[] {
  const text = script
    .replace(/\\\n/g, ' ')
    .replace(/(^|[\s;])#[^\n]*/g, '$1')
    .replace(/\$\(|`/g, '\n')
    .replace(/'[^']*'|"(?:[^"\\]|\\.)*"/g, quoted => (quoted.includes('\n') ? ' _ ' : quoted.replace(/[;&|()]/g, ' ')))
    .replace(/[0-9]*[<>]+&?\s*[^\s;&|)]*/g, ' ')
  const found: string[] = []
  for (const command of text.split(/\n|;|&&|\|\||\||&|\(|\)/)) {
    const words = command.trim().split(/\s+/)
    while (/^(if|then|else|elif|while|until|do|time|!|\{|[A-Za-z_][A-Za-z0-9_]*\+?=.*)$/.test(words[0] ?? '')) words.shift()
    const [first = '', second = ''] = words
    if (first === '' || (/^[A-Za-z_]\w*$/.test(first) === false && first === '_')) continue
    if (first === 'for' || first === 'case' || first === 'export' || first === 'in') continue
    found.push(first)
    if ((first === 'exec' || first === 'command' || first === 'xargs') && second !== '' && !second.startsWith('-'))
      found.push(second)
  }
  return found
}
