import {dirname} from 'node:path/posix'
import type {Check} from '../../model/check.js'
import {diagnostic, lineOf, quoted} from '../finding.js'
import {likeliest} from './artifact-other-name.js'
import {type Claim, isBelow} from './claims.js'
import {type Request, unaccounted} from './requests.js'

type Output = Extract<Claim, {kind: 'output'}>

export const artifactOtherFolder: Check = {
  name: 'artifact-other-folder',
  severity: 'info',
  summary: 'A build tool puts its results into another folder than a later stage copies from.',
  why: 'Build tools have their own ideas of where results go: --prefix and CMAKE_INSTALL_PREFIX, target/debug without cargo build --release, target/ for Maven, build/ for Gradle, dist/ for python -m build, --outDir for bundlers. The later stage names another folder, and no step makes that one.',
  bad: [
    {
      format: 'dockerfile',
      text: 'FROM rust:1.79 AS build\nWORKDIR /app\nCOPY src src\nRUN cargo build\nFROM debian:12\nCOPY --from=build /app/target/release/tool /usr/bin/\n',
      files: {'src/main.rs': ''},
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\nStage: build\n%files\n  tool /src\n%post\n  cd /src\n  ./configure --prefix=/opt/tool\n  make\n  make install\n\nBootstrap: docker\nFrom: debian:12\n%files from build\n  /opt/tools /opt/tools\n',
      files: {'tool/configure': ''},
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: ubuntu:22.04\nStage: build\n%post\n  apt-get update && apt-get install -y gcc make wget\n  wget https://example.org/tool-1.2.tar.gz\n  tar xzf tool-1.2.tar.gz\n  cd tool-1.2\n  ./configure --prefix=/opt/tool\n  make && make install\n\nBootstrap: docker\nFrom: ubuntu:22.04\n%files from build\n  /usr/local/bin/tool /usr/local/bin/tool\n',
    },
    {
      format: 'dockerfile',
      text: 'FROM maven:3 AS build\nFROM debian:12 AS java\nWORKDIR /app\nCOPY pom.xml .\nCOPY src src\nRUN mvn -q package\nFROM alpine:3.20\nCOPY --from=java /app/build/app.jar /app.jar\n',
      files: {'pom.xml': '', 'src/A.java': ''},
    },
    {
      format: 'dockerfile',
      text: 'FROM node:20 AS web\nWORKDIR /app\nCOPY package.json .\nRUN npm install && npx vite build --outDir out\nFROM nginx:1.27\nCOPY --from=web /app/dist /usr/share/nginx/html\n',
      files: {'package.json': ''},
    },
  ],
  good: [
    {
      format: 'dockerfile',
      text: 'FROM rust:1.79 AS build\nWORKDIR /app\nCOPY src src\nRUN cargo build --release --target x86_64-unknown-linux-musl\nFROM debian:12\nCOPY --from=build /app/target/x86_64-unknown-linux-musl/release/tool /usr/bin/\n',
      files: {'src/main.rs': ''},
    },
    {
      format: 'dockerfile',
      text: 'FROM debian:12 AS build\nWORKDIR /src\nCOPY . .\nRUN cmake -B build -DCMAKE_INSTALL_PREFIX=/opt/tool && cmake --build build --target install\nFROM debian:12\nCOPY --from=build /opt/tool /opt/tool\n',
      files: {'CMakeLists.txt': ''},
    },
    {
      format: 'dockerfile',
      text: 'FROM node:20 AS web\nWORKDIR /app\nCOPY package.json .\nRUN npm run build\nFROM nginx:1.27\nCOPY --from=web /app/dist /usr/share/nginx/html\n',
      files: {'package.json': ''},
    },
  ],
  find: (description, scene) =>
    unaccounted(description, scene).flatMap(request => {
      const output = likelyOutput(request)
      if (output === undefined || likeliest(request) !== undefined) return []
      const {stage, origin, source, path} = request
      return diagnostic(artifactOtherFolder, {
        span: source.span,
        stage,
        message: `${quoted(path)} will probably not be there: in stage ${quoted(origin.name)}, ${output.by} puts its results below ${quoted(output.path)} (${lineOf(output.span)}), and no step makes the path that is copied.`,
        hint: hintFor(output, path),
      })
    }),
}

function hintFor(output: Output, path: string): string {
  if (output.tool === 'cargo' && /\/release(\/|$)/.test(path) && /\/debug$/.test(output.path))
    return 'Build with cargo build --release.'
  return `Take it from ${output.path}, or tell ${output.by} another folder.`
}

/** The output folder that may have been meant. */
export function likelyOutput({path, effects}: Pick<Request, 'path' | 'effects'>): Output | undefined {
  const outputs = effects.claims.filter((claim): claim is Output => claim.kind === 'output')
  return outputs.find(({path: folder, tool}) => {
    if (tool === 'cargo') return targetOf(folder) !== undefined && targetOf(folder) === targetOf(path)
    return tool === 'prefix' ? effects.bare : isBelow(path, dirname(folder)) && path !== dirname(folder)
  })
}

/** The `target` folder on the way to a path, as cargo's outputs have it. */
function targetOf(path: string): string | undefined {
  const at = `${path}/`.lastIndexOf('/target/')
  return at === -1 ? undefined : path.slice(0, at)
}
