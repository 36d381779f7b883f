/**
 * What the shells need to ask `sifstage __complete`. Words come back as data: they are quoted by the shell before they
 * stand on a line, and nothing that comes back, or that was typed, is ever evaluated.
 */
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Outcome} from './outcome.js'

const bash = `# bash completion for sifstage
# In ~/.bashrc: eval "$(sifstage completion bash)"

_sifstage() {
    local program=\${COMP_WORDS[0]} line kind='' current=\${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    # As typed: a path, whose ~ nobody has filled in yet, or a name in PATH.
    case $program in
    '~/'*) program=$HOME/\${program#'~/'} ;;
    */*) ;;
    *) program=sifstage ;;
    esac
    # Within quotes that are open bash wants other words than we have.
    case $current in '"'* | "'"*) compopt -o default 2>/dev/null; return ;; esac
    local -a words=()
    for line in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
        # Quotes and backslashes as typed, taken off without the shell's help.
        case $line in
        \\'*\\' | \\"*\\") line=\${line:1:\${#line}-2} ;;
        esac
        words+=("\${line//\\\\/}")
    done
    while IFS= read -r line; do
        if [ -z "$kind" ]; then
            kind=$line
        else
            printf -v line %q "$line"
            COMPREPLY+=("$line")
        fi
    done < <("$program" __complete bash -- "\${words[@]}" 2>/dev/null </dev/null)
    case $kind in
    files) compopt -o default 2>/dev/null ;;
    dirs) compopt -o dirnames 2>/dev/null ;;
    esac
}

complete -F _sifstage sifstage
`

const zsh = `#compdef sifstage
# zsh completion for sifstage
# In ~/.zshrc, behind compinit: eval "$(sifstage completion zsh)"

_sifstage() {
    local line kind='' program=\${(Q)words[1]}
    local -a typed found shown
    case $program in
    '~/'*) program=$HOME/\${program#'~/'} ;;
    */*) ;;
    *) program=sifstage ;;
    esac
    # (Q) takes quotes off and evaluates nothing.
    typed=("\${(@Q)words[2,CURRENT]}")
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
        else
            found+=("\${line%%$'\\t'*}")
            shown+=("\${line/$'\\t'/  -- }")
        fi
    done < <("$program" __complete zsh -- "\${typed[@]}" 2>/dev/null </dev/null)
    [[ $PREFIX == --*=* ]] && compset -P '*='
    case $kind in
    files) _files ;;
    dirs) _files -/ ;;
    words) (( \${#found} )) && compadd -l -d shown -a found ;;
    esac
}

compdef _sifstage sifstage
`

const fish = `# fish completion for sifstage
# sifstage completion fish > ~/.config/fish/completions/sifstage.fish

function __sifstage_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    string match -q '*/*' -- $program; or set program sifstage
    string match -q '~/*' -- $program; and set program $HOME/(string sub -s 3 -- $program)
    set -l lines ($program __complete fish -- $words[2..-1] "$current" 2>/dev/null </dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path "$current"
        case dirs
            __fish_complete_directories "$current"
        case words
            printf '%s\\n' $lines[2..-1]
    end
end

complete -c sifstage -f -a '(__sifstage_complete)'
`

const scripts: Readonly<Record<string, string>> = {bash, zsh, fish}

/** @throws SifstageError (2) for a shell that is not known */
export function completionScript(shell: string): Outcome {
  const text = scripts[shell]
  if (text === undefined)
    throw new SifstageError(ExitCode.usage, `no completion is known for ${shell}`, 'There are: bash, zsh, fish.')
  return {exitCode: ExitCode.done, document: {version: 1, shell, text}, text, messages: ''}
}
