/** Errors of the catalogue that a command line reaches without an engine: each is typed as a person would. */
import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe} from 'vitest'
import {completionScript} from '../../src/cli/completion-scripts.js'
import {workFolder} from '../support/engine.js'
import {raises, types} from '../support/errors.js'

const work = workFolder()
/** Its folder lets in none but who made it: the engine's user is another. */
beforeAll(() => void mkdirSync(join(work.path, 'the-store-cannot-be-reached-by-who/mine'), {recursive: true, mode: 0o700}))
afterAll(() => work.remove())

const def =
  'Bootstrap: docker\nFrom: debian:12\nStage: a\n%post\n  echo a\n\nBootstrap: docker\nFrom: alpine:3.20\nStage: b\n%files from a\n  /x /x\n'
const tool = {'tool.def': def}
const docker = {Dockerfile: 'FROM debian:12 AS a\nRUN make\nFROM debian:12\nCOPY --from=a /x /x\n'}
const two = {'a/Dockerfile': 'FROM debian:12\n', 'b/Dockerfile': 'FROM debian:12\nCOPY x /x\n'}
const lock = (text: string) => ({...tool, 'tool.def.lock': text})
const own = {SIFSTAGE_CACHE_DIR: `${work.path}/work/store`}

describe.concurrent('the command line', () => {
  types(work, 'base-it-is-not', 'check tool.def --base debian', {files: tool})
  types(work, 'there-is-no-image-at', 'check tool.def --base debian:12=./none.sif', {files: tool})
  types(work, 'base-no-stage-starts-from-or-copies', 'check tool.def --base gcc:12=docker://x', {files: tool})
  types(work, 'build-arg-is-not-a-name', 'check tool.def --build-arg 1-2=3', {files: tool})
  types(work, 'build-arg-the-name-is-missing', 'check tool.def --build-arg =3', {files: tool})
  types(work, 'build-arg-the-environment-has-no-variable', 'check tool.def --build-arg NOT_THERE_AT_ALL', {files: tool})
  types(work, 'the-file-of-build-arguments-cannot-be', 'check tool.def --build-arg-file none', {files: tool})
  types(work, 'is-not-k-v', 'check tool.def --build-arg-file args', {files: {...tool, args: '# no\nA=1\nB\n'}})
  types(work, 'copy-this-is-not', 'import . --copy x', {files: two})
  types(work, 'tag-this-is-not', 'import . --tag x', {files: two})
  types(work, 'tag-is-none-of-the-files', 'import . --tag c/Dockerfile=x', {files: two})
  types(work, 'explain-there-is-no-such-stage', 'plan tool.def --explain c', {files: tool, env: own})
  types(work, 'html-the-page-s-file-is-named', 'report tool.def --html report.html', {files: tool})
  types(work, 'report-standard-input-can-be-read-only', 'build - --report x.html', {input: def, env: own})
  types(work, 'run-as-users-cannot-be-looked-up', 'build tool.def --run-as nobody-of-that-name', {
    files: {...tool, 'bin/readlink': '->/usr/bin/readlink'},
    env: {PATH: join(work.path, 'run-as-users-cannot-be-looked-up/bin')},
  })
  types(work, 'the-store-cannot-be-reached-by-who', 'build tool.def --cache-dir mine/store', {files: tool})
  types(work, 'run-as-there-is-no-such-user', 'build tool.def --run-as nobody-of-that-name', {files: tool})
  types(work, 'sign-this-version-of-sifstage-does-not', 'build tool.def --sign', {files: tool, env: own})
  types(work, 'stage-there-is-no-such-stage', 'verify tool.def --stage c image.sif', {files: tool, env: own})
  types(work, 'to-stages-writes-several-files-and-needs', 'convert tool.def --to stages', {files: tool})
  types(work, 'o-cannot-be-written', 'report tool.def --html -o none/x.html', {files: tool, env: own})
  types(work, 'is-not-right-yet', 'shell tool.def --stage a', {files: {'tool.def': 'Bootstrap: docker\n'}, env: own})
  types(work, 'not-a-time', 'cache prune --older-than week', {env: own})
  types(work, 'not-an-amount-of-bytes', 'cache prune --max-size big', {env: own})
  types(work, 'days-and-older-than-say-the-same', 'cache prune --days 3 --older-than 3d', {env: own})
  types(work, 'cannot-be-written', 'convert tool.def --to yaml -o none/x.yaml', {files: tool})
  types(work, 'exists-and-sifstage-import-did-not-write', 'import . -o stages.yaml', {files: {...two, 'stages.yaml': 'x: 1\n'}})
  types(work, 'is-a-folder', 'import a b -o out', {files: {...two, 'out/': ''}})
  types(work, 'a-document-is-of-one-input-and', 'check tool.def Dockerfile --json', {files: {...tool, ...docker}})
  types(work, 'has-already-nothing-was-written', 'init . --template python', {
    files: {Dockerfile: 'x', 'python.def': 'x', 'stages.yaml': 'x', 'README.md': 'x'},
  })
  types(work, 'name-an-image-cannot-be-called-this', 'init x --template python --name A/b')
  types(work, 'there-is-no-template', 'init x --template cobol')
  types(work, 'the-example-cannot-be-written', 'init file/x --template python', {files: {file: 'x'}})
  types(work, 'the-name-of-the-folder-is-empty', 'init  --template python')
  types(work, 'there-is-no-terminal-to-ask-on', 'init x')
  types(work, 'standard-input-cannot-stand-beside-other-files', 'fmt - tool.def', {files: tool, input: def})
  raises('no-completion-is-known-for', () => completionScript('tcsh'))
  types(work, 'there-is-no-rule', 'explain nothing-of-the-kind')
  types(work, 'cache-mount-this-cannot-be-a-place', 'build tool.def --cache-mount x --dry-run', {files: tool, env: own})
  types(work, 'no-cache-filter-there-is-no-such', 'plan tool.def --no-cache-filter c', {files: tool, env: own})
  types(work, 'platform-images-are-built-for-linux-one', 'check tool.def --platform windows/amd64', {files: tool})
  types(work, 'engine-there-is-no-such-engine', 'build tool.def --engine kaniko', {files: tool, env: own})
})

describe.concurrent('settings', () => {
  types(work, 'the-settings-in-cannot-be-read', 'check tool.def', {files: {...tool, 'sifstage.config.yaml/x': ''}})
  types(work, 'file-line-column-reason', 'check tool.def', {files: {...tool, 'sifstage.config.yaml': 'jobs: many\n'}})
  types(work, 'there-is-no-setting', 'config nothing')
})

describe.concurrent('inputs', () => {
  types(work, 'cannot-be-read', 'check none.def')
  types(work, 'context-is-not-a-folder', 'check tool.def --context tool.def', {files: tool})
  types(work, 'is-empty', 'check tool', {files: {tool: '\n'}})
  types(work, 'is-neither-a-description-a-dockerfile-nor', 'check tool', {files: {tool: 'echo\n'}})
  types(work, 'no-was-named-and-there-are-several', 'check', {files: {...tool, Dockerfile: 'FROM debian:12\n'}})
  types(work, 'is-a-directory', 'check folder', {files: {'folder/': ''}})
  types(work, 'is-neither-a-file-nor-a-pipe', 'check /dev/null')
  types(work, 'is-larger-than-16-which-no-description', 'check tool.def', {files: {'tool.def': 'x'.repeat(17 << 20)}})
  types(work, 'is-not-a-text-file-it-holds', 'check tool.def', {files: {'tool.def': 'a\0b'}})
  types(work, 'is-not-8-text', 'check tool.def', {files: {'tool.def': Buffer.from([0x41, 0xe9, 0x0a])}})
  types(work, 'no-was-named-and-there-is-none', 'check')
  types(work, 'is-a-description-already', 'import stages.yaml', {
    files: {'stages.yaml': 'sifstage: 1\nstages: {a: {from: debian:12}}\n'},
  })
  types(work, 'is-a-link-that-leads-out-of', 'import Dockerfile', {files: {Dockerfile: '->/etc/passwd'}})
  types(work, 'is-larger-than-16', 'import Dockerfile', {files: {Dockerfile: 'x'.repeat(17 << 20)}})
  types(work, 'is-neither-a-dockerfile-nor-a-definition', 'import readme', {files: {readme: 'hello\n'}})
  types(work, 'is-neither-a-file-nor-a-folder', 'import /dev/null')
  types(work, 'lies-outside-the-folder-of-the-description', 'import ../is-empty -o x.yaml')
  types(work, 'there-is-no-dockerfile-and-no-definition', 'import folder', {files: {'folder/x': ''}})
})

describe.concurrent('the lock file', () => {
  types(work, 'check-changes-nothing-so-it-goes-without', 'lock tool.def --check --update', {files: tool, env: own})
  types(work, 'locked-standard-input-has-no-lock-file', 'plan - --locked', {input: def, env: own})
  types(work, 'standard-input-has-no-lock-file', 'lock -', {input: def, env: own})
  types(work, 'update-no-stage-starts-from-it-or', 'lock tool.def --update gcc:12', {files: tool, env: own})
  types(work, 'one-is-locked-at-a-time', 'lock tool.def other.def', {files: tool, env: own})
  types(work, 'there-is-no-lock-file', 'plan tool.def --locked', {files: tool, env: own})
  types(work, 'does-not-lock-and-locked-was-given', 'build tool.def --locked', {
    files: lock('{"version":1,"images":{}}'),
    env: own,
  })
  types(work, 'the-lock-file-cannot-be-used', 'plan tool.def', {files: {...tool, 'tool.def.lock/x': ''}, env: own})
  types(work, 'the-lock-file-cannot-be-used-it', 'plan tool.def', {files: lock('{'), env: own})
  types(work, 'the-lock-file-cannot-be-used-it-is', 'plan tool.def', {files: lock('[]'), env: own})
  types(work, 'the-lock-file-cannot-be-used-it-is-of', 'plan tool.def', {files: lock('{"version":99}'), env: own})
  types(work, 'the-lock-file-cannot-be-used-it-names', 'plan tool.def', {files: lock('{"version":"x"}'), env: own})
  types(work, 'the-lock-file-cannot-be-used-its', 'plan tool.def', {files: lock('{"version":1,"images":3}'), env: own})
  types(work, 'the-lock-file-cannot-be-used-its-local', 'plan tool.def', {
    files: lock('{"version":1,"images":{},"local":3}'),
    env: own,
  })
  types(work, 'the-lock-file-cannot-be-used-its-mirrors', 'plan tool.def', {
    files: lock('{"version":1,"images":{},"mirrors":3}'),
    env: own,
  })
  types(work, 'the-lock-file-cannot-be-used-in', 'plan tool.def', {files: lock('{"version":1,"images":{"a":3}}'), env: own})
  types(work, 'the-lock-file-cannot-be-used-in-its', 'plan tool.def', {
    files: lock('{"version":1,"images":{},"local":{"a":3}}'),
    env: own,
  })
  types(work, 'the-lock-file-cannot-be-used-in-its-mirrors', 'plan tool.def', {
    files: lock('{"version":1,"images":{},"mirrors":{"a":3}}'),
    env: own,
  })
  types(work, 'the-lock-file-cannot-be-written', 'lock tool.def --lock-file none/x', {
    files: {'tool.def': 'Bootstrap: scratch\n'},
    env: own,
  })
})

describe.concurrent('images', () => {
  types(work, 'sifstage-cannot-read-images-from', 'report library://lab/tool:1', {env: own})
  types(work, 'is-no-image-that-sifstage-knows', 'report x.sif', {files: {'x.sif': 'junk\n'}, env: own})
  types(work, 'is-no-image', 'verify tool.def --stage a /dev/null', {files: tool, env: own})
  types(work, 'image-is-no-kind-of-image', 'verify tool.def --stage a docker-archive:x.tar', {
    files: {...tool, 'x.tar': 'junk'},
    env: own,
  })
  types(work, 'the-image-cannot-be-read', 'verify tool.def --stage a none.sif', {files: tool, env: own})
})

describe.concurrent('the output', () => {
  types(work, 'o-the-name-does-not-tell-what', 'build tool.def -o tool', {files: tool, env: own})
  types(work, 'o-this-cannot-be-the-name-of', 'build tool.def -o docker-daemon:A', {files: tool, env: own})
  types(work, 'o-the-name-is-empty', 'build tool.def -o=', {files: tool, env: own})
  types(work, 'cannot-be-written-to', 'build tool.def -o none/x.sif', {files: tool, env: own})
  types(work, 'exists-and-is-no-image-that-was', 'build tool.def -o x.sif', {files: {...tool, 'x.sif': 'mine'}, env: own})
  types(work, 'is-a-file-not-a-folder', 'build tool.def -F -o x/', {files: {...tool, x: 'mine'}, env: own})
  types(work, 'holds-which-sifstage-did-not-write-there', 'convert Dockerfile --to stages -o out', {
    files: {...docker, 'out/mine': 'x'},
  })
})

describe.concurrent('the store', () => {
  types(work, 'store-trust-this-is-no-key-of', 'plan tool.def --store-from oras://127.0.0.1:1/x --store-trust abc', {
    files: tool,
    env: own,
  })
  types(work, 'is-not-understood', 'build tool.def --engine docker --cache-from type=registry,a=b', {files: tool, env: own})
  types(work, 'mode-is-min-or-max', 'build tool.def --engine docker --cache-to type=registry,ref=a/b,mode=all', {
    files: tool,
    env: own,
  })
  types(work, 'the-tag-is-ours-to-choose', 'build tool.def --engine docker --cache-to a/b:1', {files: tool, env: own})
  types(work, 'the-type-is-none-that-a-stage', 'build tool.def --engine docker --cache-to type=local,ref=a/b', {
    files: tool,
    env: own,
  })
  types(work, 'this-is-no-repository', 'build tool.def --engine docker --cache-to A', {files: tool, env: own})
  types(work, 'no-place-is-named', 'plan tool.def --store-from=', {files: tool, env: own})
  types(work, 'is-no-store-of-sifstage', 'cache ls --cache-dir .', {files: {mine: 'x'}})
  types(work, 'there-is-no-store-at', 'cache ls --cache-dir none')
  types(work, 'names-no-store-in-a-registry', 'plan tool.def --store-from oras://A', {files: tool, env: own})
  types(work, 'the-store-was-written-by-a-newer', 'cache ls --cache-dir .', {
    files: {'store.json': '{"version":99}', 'stages/': ''},
  })
  types(work, 'the-key-can-be-read-by-others', 'cache key --key key', {files: {key: '#mode 0644'}})
  types(work, 'holds-no-ed25519-key', 'cache key --key key', {files: {key: '#mode 0600'}})
  types(work, 'the-key-cannot-be-read', `cache key --key ${'x'.repeat(300)}`)
})

describe.concurrent('secrets', () => {
  types(work, 'secret-cannot-be-read', 'build tool.def --secret id=a,src=none', {files: tool, env: own})
  types(work, 'secret-is-larger-than-kb-which-no', 'build tool.def --secret id=a,src=big', {
    files: {...tool, big: 'x'.repeat(1 << 20)},
    env: own,
  })
  types(work, 'secret-is-not', 'build tool.def --secret id=a,src', {files: tool, env: own})
  types(work, 'secret-an-id-is-made-of-letters', 'build tool.def --secret id=a/b,env=HOME', {files: tool, env: own})
  types(work, 'secret-the-environment-has-no-variable', 'build tool.def --secret id=a,env=NOT_THERE_AT_ALL', {
    files: tool,
    env: own,
  })
  types(work, 'secret-the-id-is-missing', 'build tool.def --secret env=HOME', {files: tool, env: own})
  types(work, 'secret-there-is-no-key', 'build tool.def --secret id=a,file=b', {files: tool, env: own})
  types(work, 'secret-there-is-no-type', 'build tool.def --secret id=a,type=b', {files: tool, env: own})
})
