/** Programs that install packages, and those that run what packages bring. */
import {has, operands, optionPath, pathOf, resolved} from '../arguments.js'
import type {Claim} from './claims.js'
import {anything, output, tree, type Use} from './use.js'

const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc', '/var', '/run', '/boot']
/** Packages leave /usr/local to whoever runs the machine. */
const system: readonly Claim[] = systemFolders.map(path => ({kind: 'tree', path, except: ['/usr/local']}))

/** Packages of the distribution keep to its folders; those of others do as they like. */
export function packages({argv}: Use): Claim[] {
  const foreign = argv.slice(1).some(each => /\.(deb|rpm|apk)$|[/]/.test(each.value ?? each.raw))
  return foreign ? [anything] : [...system]
}

/** The folders of Python, or what the options name. */
export function pip(use: Use): Claim[] {
  const {argv, folder} = use
  if (has(argv, /^(wheel|download)$/)) {
    const given = optionPath(argv, folder, '-w', '--wheel-dir', '-d', '--dest')
    return [tree(given.given ? given.path : folder)]
  }
  if (!has(argv, /^install$/)) return []
  const given = optionPath(argv, folder, '--prefix', '--target', '-t', '--root')
  if (given.given) return output(given.path, use, 'prefix')
  return has(argv, /^--user$/) ? output('/root/.local', use, 'prefix') : [tree('/usr'), tree('/root'), tree('/opt/conda')]
}

/** Modules that are programs of their own: venv, pip, build. */
export function python(use: Use): Claim[] {
  const {argv, folder, span, by} = use
  const at = argv.findIndex(each => each.value === '-m')
  if (at === -1) return has(argv, /^(--version|-V)$/) ? [] : [anything]
  switch (argv[at + 1]?.value) {
    case 'venv':
    case 'virtualenv':
      return operands(argv.slice(at + 1), '--prompt').flatMap(each => tree(pathOf(each, folder)))
    case 'pip':
    case 'ensurepip':
      return pip({...use, argv: argv.slice(at + 1)})
    case 'build': {
      const given = optionPath(argv, folder, '--outdir', '-o')
      const path = given.given ? given.path : resolved('dist', folder)
      if (path === undefined) return [anything]
      return [tree(path), {kind: 'output', path, by: `${by} -m build`, span, tool: 'python'}]
    }
    default:
      return [anything]
  }
}

/** A bundler that is told its output folder writes there and nowhere else. */
function bundled(use: Use): Claim[] {
  const {argv, folder, by, span} = use
  const given = optionPath(argv, folder, '--outDir', '--out-dir', '--outdir', '--output-path', '--dest')
  if (given.given) {
    if (given.path === undefined) return [anything]
    return [tree(given.path), {kind: 'output', path: given.path, by, span, tool: 'bundle'}]
  }
  return [tree(folder)]
}

/** npm and its like, which also run programs that packages bring. */
export function packageRunner(use: Use): Claim[] {
  const {argv, folder} = use
  const action = argv[1]?.value
  if (
    action === 'run' ||
    action === 'run-script' ||
    use.by === 'npx' ||
    action === 'exec' ||
    use.by === 'vite' ||
    use.by === 'tsc'
  )
    return bundled(use)
  if (has(argv, /^(-g|--global)$/)) return [tree('/usr')]
  if (action === 'cache' || action === 'config' || action === 'version') return []
  if (use.by === 'yarn' && action !== undefined && !/^(install|add|cache|config)$/.test(action)) return bundled(use)
  // node_modules, and whatever the scripts of packages make beside it.
  return folder === undefined ? [anything] : [{kind: 'tree', path: folder, weak: true}]
}

/** The environment that is named. */
export function condaLike({argv, folder}: Use): Claim[] {
  const given = optionPath(argv, folder, '-p', '--prefix')
  if (has(argv, /^(clean|config|info|list|init)$/)) return []
  if (given.given) return [tree(given.path)]
  return [anything]
}
