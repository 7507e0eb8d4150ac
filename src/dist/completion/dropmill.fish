# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for dropmill: commands and options as --help lists them, names of pipelines and operations.

function __dropmill_commands
    set -l words (commandline -opc)
    $words[1] --help 2>/dev/null | string replace -rf '^  ([a-z]+) .*  +(\S.*)$' '$1'\t'$2'
end

# The argument of an option, as its command's help names it. Nothing: it has none.
function __dropmill_argument
    $argv[1] $argv[2] --help 2>/dev/null | string replace -rf -- "^  (?:-., )?$argv[3]=(\S+) .*" '$1'
end

function __dropmill_words
    set -l words (commandline -opc)
    set -l argument
    string match -q -- '--*' $words[-1]; and set argument (__dropmill_argument $words[1] $words[2] $words[-1])
    switch "$argument"
        case ''
        case '*|*'
            string split '|' $argument
            return
        case DIR
            __fish_complete_directories (commandline -ct)
            return
        case FILE
            __fish_complete_path (commandline -ct)
            return
        case '*'
            return
    end
    # Lines such as "  -X, --property=NAME=VALUE   any property".
    $words[1] $words[2] --help 2>/dev/null | string replace -rf '^  (?:-., )?(--[a-z-]+)(?:=\S+)?  +(.*)$' '$1'\t'$2'
    switch "$words[2]"
        case topics
            test (count $words) -eq 2; and printf '%s\n' create describe delete
        case ops
            test (count $words) -eq 2; and $words[1] ops --json 2>/dev/null | string match -rag '"name" ?: ?"([a-z_]+)"'
        case once explain
            if test (count $words) -eq 2
                string replace -rf '^pipelines/([^_].*)\.yaml$' '$1' pipelines/*.yaml
            else
                __fish_complete_path (commandline -ct)
            end
        case check init
            __fish_complete_path (commandline -ct)
    end
end

complete -c dropmill -f
complete -c dropmill -n __fish_use_subcommand -a '(__dropmill_commands)'
complete -c dropmill -n 'not __fish_use_subcommand' -a '(__dropmill_words)'
