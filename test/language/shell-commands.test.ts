import {describe, expect, it} from 'vitest'
import {shellItems} from '../../src/language/shell-commands.js'
import {type ShellState, Variables, walkScript} from '../../src/language/shell-walk.js'

/** Commands as their text, what opens and closes as marks. */
function shown(text: string): string[] {
  return shellItems(text).map(item => {
    if (item.kind === 'open') return `<${item.of}`
    if (item.kind === 'close') return '>'
    return `${item.after}${item.condition ? '?' : ''} ${text.slice(item.from, item.to)}`.trim()
  })
}

describe('a script is taken apart', () => {
  it.each([
    ['a b && c || d; e | f & g', ['a b', '&& c', '|| d', '; e', '| f', '& g']],
    ['a # not b\nc', ['a', '; c']],
    ['a \\\n  b\nc', ['a \\\n  b', '; c']],
    ['if a; then b; else c; fi; d', ['<branch', '? a', 'b', 'c', '>', '; d']],
    ['for i in 1 2; do a $i; done', ['for i in 1 2', '<loop', 'a $i', '>']],
    ['case $x in a|b) c ;; *) d ;; esac; e', ['case $x in', '<branch', '; c', '; d', '>', '; e']],
    ['(cd /a; b); c', ['<subshell', 'cd /a', '; b', '>', '; c']],
    ['{ a; b; } > f', ['<group', 'a', '; b', '>', '; > f']],
    ['f() { a; }; f', ['<function', 'a', '>', '; f']],
    ['function f { a; }\nf', ['<function', 'a', '>', '; f']],
    ['cat > x <<EOF\na; b && c\nEOF\nd', ['cat > x <<EOF', '; d']],
    ["cat <<-'E' | b\n\tx\n\tE\nd", ["cat <<-'E'", '| b', '; d']],
    ['a "$(b; c)" `d; e` $((1 + 2))', ['a "$(b; c)" `d; e` $((1 + 2))']],
    ['A=1 B="x y" a; C=(1 2); d', ['A=1 B="x y" a', '; C=(1 2)', '; d']],
    ['a 2>&1 >/dev/null &> b', ['a 2>&1 >/dev/null &> b']],
    ['! a && b', ['? a', '&& b']],
  ])('%j', (text, expected) => {
    expect(shown(text)).toEqual(expected)
  })
  it('and never without an end', () => {
    for (const text of ['"a', "'a", '$(', '${a', '`', '<<E', 'case', 'f(', 'if', '\\', 'a && ', ')', 'fi', ';;', '(('])
      shellItems(text)
  })
})

function state(folder: string | undefined, variables: Readonly<Record<string, string>> = {}): ShellState {
  const values = new Variables()
  for (const [name, value] of Object.entries(variables)) values.set(name, value)
  return {folder, variables: values}
}

/** Folder and words of each command. */
function walked(text: string, start = state('/', {HOME: '/root', V: '1'})): string[] {
  return walkScript(text, start).ran.map(
    ({folder, argv, certain}) => `${folder ?? '?'}: ${argv.map(each => each.value ?? '?').join(' ')}${certain ? '' : ' (maybe)'}`,
  )
}

describe('a script is followed', () => {
  it.each([
    ['cd /a && b; cd c; d', ['/: cd /a', '/a: b', '/a: cd c', '/a/c: d']],
    ['(cd /a; b); c', ['/: cd /a', '/a: b', '/: c']],
    ['cd; cd ~/x; cd ..; a', ['/: cd', '/root: cd /root/x', '/root/x: cd ..', '/root: a']],
    ['cd $X; a', ['/: cd ?', '?: a']],
    ['if a; then cd /b; fi; c', ['/: a (maybe)', '/: cd /b (maybe)', '?: c']],
    ['cd /a || exit; b', ['/: cd /a', '/a: exit (maybe)', '/a: b']],
    ['A=x; B=$A$V; a "$B" ${B} $C', ['/: ', '/: ', '/: a x1 x1 ?']],
    ['export A=x; a $A; unset A; a $A', ['/: export A=x', '/: a x', '/: unset A', '/: a ?']],
    ['for i in 1; do A=2; done; a $A $i', ['/: for i in 1', '/:  (maybe)', '/: a ? ?']],
    ['A=1; . /x; a $A $V', ['/: ', '/: . /x', '/: a ? 1']],
    ['sudo -u me env B=1 gcc -o a', ['/: gcc -o a']],
    ['a | cd /b; c', ['/: a', '/: cd /b', '/: c']],
  ])('%j', (text, expected) => {
    expect(walked(text)).toEqual(expected)
  })
})
