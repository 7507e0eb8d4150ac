# SPDX-License-Identifier: GPL-2.0-or-later
"""Completion for bash, zsh and fish: each shell itself loads the file and completes a line. All know what --help lists, and nothing else."""
import os
import pty
import re
import shlex
import shutil
import subprocess
import time

import pytest

from mill import BUILD, ROOT

FILES = os.path.join(ROOT, "src", "dist", "completion")


def output_of(*words):
    return subprocess.run([os.path.join(BUILD, "dropmill"), *words], capture_output=True, text=True, check=True, timeout=60).stdout


def environment(folder):
    return {"PATH": f"{BUILD}:/usr/bin:/bin", "HOME": folder, "TERM": "dumb", "LANG": "C.UTF-8", "XDG_CONFIG_HOME": folder, "XDG_DATA_HOME": folder}


def bash(line, folder):
    words = line.split(" ")
    script = (f"source {shlex.quote(FILES)}/dropmill.bash; COMP_WORDS=({' '.join(shlex.quote(word) for word in words)}); COMP_CWORD={len(words) - 1}; "
              "$(complete -p dropmill | sed 's/.*-F \\([^ ]*\\).*/\\1/'); printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "--norc", "-c", script], cwd=folder, env=environment(folder), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split("\n")[:-1]


def fish(line, folder):
    done = subprocess.run(["fish", "--no-config", "-c", f"source {shlex.quote(FILES)}/dropmill.fish; complete -C {shlex.quote(line)}"], cwd=folder,
                          env=environment(folder), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [found.split("\t")[0] for found in done.stdout.split("\n")[:-1]]


# Completes the line that a key asks for, and writes down what there is instead of showing it.
ZSH = """
fpath=({files} $fpath)
autoload -Uz compinit && compinit -u -D
setopt no_beep
noted() {{ zle list-choices; print done > over }}
compadd() {{
	local -a kept
	builtin compadd -O kept "$@"
	(( ${{#kept}} )) && print -rl -- $kept >> found
	builtin compadd "$@"
}}
zle -N noted
bindkey '^X' noted
print ready > ready
"""


def zsh(line, folder):
    for name in ("found", "over", "ready"):
        if os.path.exists(os.path.join(folder, name)):
            os.unlink(os.path.join(folder, name))
    with open(os.path.join(folder, "rc"), "w", encoding="utf-8") as file:
        file.write(ZSH.format(files=shlex.quote(FILES)))
    master, slave = pty.openpty()
    shell = subprocess.Popen(["zsh", "-f", "-i"], cwd=folder, env=environment(folder), stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    try:
        for keys, name in ((" source ./rc\n", "ready"), (f"{line}\x18", "over")):
            os.write(master, keys.encode())
            end = time.monotonic() + 60
            while not os.path.exists(os.path.join(folder, name)):
                assert time.monotonic() < end, os.read(master, 65536).decode(errors="replace")
                time.sleep(0.02)
    finally:
        shell.kill()
        shell.wait()
        os.close(master)
    try:
        with open(os.path.join(folder, "found"), encoding="utf-8") as file:
            return file.read().split("\n")[:-1]
    except FileNotFoundError:
        return []


@pytest.fixture(params=[bash, zsh, fish], ids=lambda shell: shell.__name__)
def complete(request, folder):
    """A function: what the shell completes a line with, in a folder that has pipelines/ and a picture."""
    if not shutil.which(request.param.__name__):
        pytest.skip(f"{request.param.__name__} is not installed")
    os.makedirs(f"{folder}/pipelines")
    for name in ("mono", "montage", "_shared"):
        with open(f"{folder}/pipelines/{name}.yaml", "w", encoding="utf-8"):
            pass
    with open(f"{folder}/picture.jpg", "w", encoding="utf-8"):
        pass
    return lambda line: sorted(set(request.param(line, folder)))


def test_commands_and_options_are_those_of_the_help(complete):
    commands = re.findall(r"^  ([a-z]+) ", output_of("--help"), re.M)
    assert set(commands) <= set(complete("dropmill ")) <= {*commands, "--help"}
    assert complete("dropmill expl") == ["explain"]
    for command in ("run", "topics", "check", "status"):
        options = re.findall(r"^  (?:-., )?(--[a-z-]+)", output_of(command, "--help"), re.M)
        found = {word.removesuffix("=") for word in complete(f"dropmill {command} --")}
        assert set(options) - {"--help"} <= found <= {*options, "--help"}, command


def test_values_and_names(complete):
    assert complete("dropmill run --payload ") == ["auto", "inline", "shm"]
    assert {"picture.jpg", "mono"}.isdisjoint(complete("dropmill run --watch p"))
    assert [name.rstrip("/") for name in complete("dropmill run --watch p")] == ["pipelines"]
    assert {"create", "describe", "delete"} <= set(complete("dropmill topics "))
    assert complete("dropmill ops gamm") == ["gamma"]
    assert complete("dropmill once mon") == ["mono", "montage"]
    assert complete("dropmill once mono pic") == ["picture.jpg"]
