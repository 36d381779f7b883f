/** ADD of a URL (K104) or a git repository (K105): fetched on the machine that builds, in `%setup`. */
import type {CopyOrigin, CopyStep} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import {shellWord} from './quote.js'
import type {StageScript} from './script.js'
import {settle} from './settle.js'
import {unpackLines} from './unpack.js'

type Remote = Extract<CopyOrigin, {kind: 'url' | 'git'}>

export function writeRemoteCopy(script: StageScript, step: CopyStep, from: Remote): void {
  if (from.kind === 'url') writeUrl(script, step, from)
  else writeGit(script, step, from)
}

/** K99: mode 0600. */
function writeUrl(script: StageScript, step: CopyStep, from: Extract<Remote, {kind: 'url'}>): void {
  const name = plainText(step.sources[0]?.path ?? []) ?? '__unnamed__'
  const staged = script.staging()
  const folder = `"$SINGULARITY_ROOTFS${staged}"`
  const unpacks = step.unpack === 'always'
  const path = `$SINGULARITY_ROOTFS${staged}${unpacks ? '.tar' : ''}`
  const file = `"${path}"`
  const url = shellWord(from.url)
  script.setup(`if command -v curl > /dev/null; then curl -fsSL -o ${file} -- ${url}; else wget -q -O ${file} -- ${url}; fi`)
  if (from.checksum !== undefined) {
    // The readers take sha256, sha384 and sha512 only, in digits (K99).
    const [algorithm = '', sum = ''] = from.checksum.split(':')
    script.setup(`echo "${sum.toLowerCase()}  ${path}" | ${algorithm}sum -c -`)
  }
  if (unpacks) {
    for (const line of unpackLines(file, folder)) script.setup(line)
    script.setup(`rm ${file}`)
  } else script.setup(`chmod 600 ${file}`)
  settle(script, step, staged, name, {kind: unpacks ? 'archive' : 'file'})
}

function writeGit(script: StageScript, step: CopyStep, from: Extract<Remote, {kind: 'git'}>): void {
  const staged = script.staging()
  const folder = `"$SINGULARITY_ROOTFS${staged}"`
  const git = 'GIT_TERMINAL_PROMPT=0 git -c core.hooksPath=/dev/null'
  script.setup(`${git} init -q ${folder}`)
  // A plain web server hands out whole histories only.
  const wanted = `-- ${shellWord(from.repository)} ${shellWord(from.ref ?? 'HEAD')}`
  script.setup(`${git} -C ${folder} fetch -q --depth 1 ${wanted} || ${git} -C ${folder} fetch -q ${wanted}`)
  script.setup(`${git} -C ${folder} checkout -q FETCH_HEAD`)
  if (from.checksum !== undefined)
    script.setup(
      `case $(git -C ${folder} rev-parse HEAD) in ${shellWord(from.checksum)}*) ;; *) echo ${shellWord(`${from.repository} is not at commit ${from.checksum}`)} >&2; exit 1 ;; esac`,
    )
  if (from.submodules) script.setup(`${git} -C ${folder} submodule update -q --init --recursive --depth 1`)
  if (!from.keepGitDir) script.setup(`find ${folder} -name .git -prune -exec rm -rf {} +`)
  // Modes are git's own: 0755 and 0644, whatever the umask of the machine (K99).
  script.setup(`chmod -R u=rwX,go=rX ${folder}`)
  if (from.folder !== undefined && from.folder !== '')
    script.setup(`mv ${folder}/${shellWord(from.folder)} ${folder}.sub && rm -rf ${folder} && mv ${folder}.sub ${folder}`)
  settle(script, step, staged, '.', {kind: 'directory'})
}
