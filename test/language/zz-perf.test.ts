import {readDockerfile} from '/work/main/src/formats/dockerfile/read.js'
import {test} from 'vitest'
test('x',()=>{
 const o={buildArgs:new Map(),architecture:'amd64'}
 const line='RUN echo "hello ${x:-y} world" && \\\n  # c\n  foo $BAR\nENV A=b C="d e"\nCOPY --from=0 a b /c/\n'
 for (const [n,t] of Object.entries({normal:'FROM a\n'+line.repeat(50e6/line.length|0), newlines:'\n'.repeat(50e6), heredoc:'FROM a\nCOPY <<X /x\n'+'abc $A def\n'.repeat(4e6)+'X\n', comments:'# a b c\n'.repeat(6e6), blank:'FROM a\nRUN x \\\n'+' \n'.repeat(2e7), dollars:'FROM a\nRUN '+('$a <<'.repeat(9000)+'\\\n').repeat(500), quotes:'FROM scratch\nENV A='+('"$B$C" \\\n').repeat(2e6), json: 'FROM a\nCOPY ['+('"a",\\\n').repeat(5e6)+'"b"]'})) {
  const s=performance.now(); const r=readDockerfile('a',t,o); console.log(n, t.length, Math.round(performance.now()-s)+'ms', r.diagnostics.length, r.diagnostics[0]?.message)
 }
},120000)
