# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/debian, with stand-ins for what makes and enters a root: when a root is made, what lies in it, and what it is told."""
import os
import shutil
import subprocess

import pytest

from mill import ROOT

STANDINS = {
    "id": 'echo "${WHO:-0}"\n',
    "apt-get": 'echo "https://other.test/x Other"; echo "${MIRROR:-http://mirror.test/debian} Debian"\n',
    # As the real one: --option SUITE FOLDER SOURCE.
    "mmdebstrap": '[ -z "$BROKEN" ] || { echo "E: no such release"; exit 100; }\n'
                  'root="${@: -2:1}"; echo "${@: -3}" >> "$LOG"; mkdir -p "$root"/{tmp,etc,srv,usr/local/share/ca-certificates}\n',
    "chroot": "exit 0\n",
    "unshare": 'for word; do echo "<$word>"; done > "$RAN"; exit "${ENDS:-0}"\n',
}


@pytest.fixture
def debian(tmp_path):
    """Runs a copy of the script in a small tree; returns status, output, the roots made, and the words that the run got."""
    (tmp_path / "bin").mkdir()
    for name, body in STANDINS.items():
        path = tmp_path / "bin" / name
        path.write_text("#!/bin/bash\n" + body)
        path.chmod(0o755)
    tree = tmp_path / "tree"
    (tree / "tests").mkdir(parents=True)
    shutil.copy(os.path.join(ROOT, "tests", "debian"), tree / "tests" / "debian")
    (tree / "Makefile").write_text("all:\n")
    log, ran = tmp_path / "log", tmp_path / "ran"

    def run(*words, **environment):
        ran.unlink(missing_ok=True)
        env = dict(os.environ, PATH=f"{tmp_path}/bin:{os.environ['PATH']}", LOG=str(log), RAN=str(ran), **environment)
        done = subprocess.run([tree / "tests" / "debian", *words], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr, log.read_text().splitlines() if log.exists() else [], ran.read_text() if ran.exists() else ""

    run.tree = tree
    run.root = tree / "build" / "debian" / "trixie" / "root"
    return run


def test_who_is_not_root_is_told_what_to_type(debian):
    status, words, made, ran = debian("trixie", "test", WHO="1000")
    assert status == 1 and "sudo make debian SUITE=trixie TARGET=" in words
    assert not made and not ran and not (debian.tree / "build").exists()


def test_a_suite_is_a_name(debian):
    status, words, made, _ = debian("../trixie", "test")
    assert status == 1 and '"../trixie" is not the name of a release' in words and not made


def test_a_root_that_cannot_be_made_fails_with_the_reason(debian):
    status, words, _, ran = debian("trixie", "test", BROKEN="1")
    assert status == 1 and "E: no such release" in words and "http://mirror.test/debian" in words and not ran
    # And is made by the next run, not taken for whole.
    assert debian("trixie", "test")[2] == [f"trixie {debian.root} deb http://mirror.test/debian trixie main"]


def test_a_root_is_made_once_and_remade_when_stale(debian):
    def roots():
        return len(debian("trixie", "test")[2])

    assert [roots(), roots()] == [1, 1]
    made = debian.root.parent / "made"
    os.utime(made, (0, 0))
    assert [roots(), roots()] == [2, 2]
    script = debian.tree / "tests" / "debian"
    script.write_text(script.read_text().replace("--include=make,", "--include=make,gcc,"))
    assert [roots(), roots()] == [3, 3]
    assert len(debian("trixie", "test", MIRROR="http://new.test/debian")[2]) == 4


def test_sources_are_copied_and_a_build_is_kept(debian):
    debian("trixie", "test")
    place = debian.root / "srv" / "dropmill"
    (place / "build" / "kept").write_text("")
    (debian.tree / "gone.c").write_text("")
    (debian.tree / "secret.c").write_text("int i;\n")
    (debian.tree / "secret.c").chmod(0o600)
    debian("trixie", "test")
    assert (place / "gone.c").exists() and (place / "secret.c").stat().st_mode & 0o777 == 0o644  # a test may run as another user
    (debian.tree / "gone.c").unlink()
    debian("trixie", "test")
    assert sorted(os.listdir(place)) == ["Makefile", "build", "secret.c", "tests"] and (place / "build" / "kept").exists()


def test_the_run_gets_targets_and_variables_and_gives_its_status(debian):
    status, _, _, ran = debian("trixie", "lint test", "ARGS=a 'b' \"c\"", CI="true", ENDS="7")
    assert status == 7
    for word in ("<lint>", "<test>", "<ARGS=a 'b' \"c\">", "<CI=true>", "<--kill-child=KILL>"):
        assert word in ran


def test_make_passes_its_variables_on():
    command = ["make", "-n", "debian", "SUITE=sid", "TARGET=lint test", "ARGS=a 'b'", 'T=-k "c or d"']
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    shown = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
    line = next(line for line in shown.splitlines() if line.startswith("tests/debian"))
    words = subprocess.run(["bash", "-c", f'set -- {line}; printf "%s\\n" "$@"'], capture_output=True, text=True, check=True).stdout
    assert words.splitlines()[:3] == ["tests/debian", "sid", "lint test"]
    assert sorted(words.splitlines()[3:]) == ["ARGS=a 'b'", 'T=-k "c or d"']
