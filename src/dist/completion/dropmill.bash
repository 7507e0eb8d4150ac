# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for dropmill: commands and options as --help lists them, names of pipelines and operations.
# shellcheck shell=bash

_dropmill()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} program=${COMP_WORDS[0]} argument

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$program" --help 2>/dev/null | sed -nE 's/^  ([a-z]+) .*/\1/p') --help" -- "$current")
		return
	fi
	if [[ $previous == --* ]]; then
		argument=$("$program" "$command" --help 2>/dev/null | sed -n "s/.* $previous=\\([^ ]*\\) .*/\\1/p")
		case $argument in
		*"|"*) mapfile -t COMPREPLY < <(compgen -W "${argument//|/ }" -- "$current") && return ;;
		DIR) mapfile -t COMPREPLY < <(compgen -d -- "$current") && return ;;
		esac
	fi
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$program" "$command" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]+')" -- "$current")
		return
	fi
	case $command in
	init) mapfile -t COMPREPLY < <(compgen -d -- "$current") && return ;;
	topics) [ "$COMP_CWORD" -eq 2 ] && mapfile -t COMPREPLY < <(compgen -W "create describe delete" -- "$current") && return ;;
	ops) mapfile -t COMPREPLY < <(compgen -W "$("$program" ops --json 2>/dev/null | grep -oE '"name" ?: ?"[a-z_]+"' | cut -d'"' -f4)" -- "$current") && return ;;
	once | explain)
		if [ "$COMP_CWORD" -eq 2 ]; then
			mapfile -t COMPREPLY < <(compgen -W "$(find pipelines -maxdepth 1 -name '[!_]*.yaml' -printf '%f\n' 2>/dev/null | sed 's/\.yaml$//')" -- "$current")
			[ ${#COMPREPLY[@]} -gt 0 ] && return
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -o filenames -F _dropmill dropmill
