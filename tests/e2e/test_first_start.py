# SPDX-License-Identifier: GPL-2.0-or-later
"""The first minutes: `dropmill run` in an empty folder says what to type, `dropmill init` makes that folder, and a drop comes out of it."""
import json
import os
import re
import shutil
import signal
import subprocess

import pytest

from disks import fill
from mill import BINARY, ROOT
from waiting import PATIENCE

SAMPLES = ["archive.yaml", "contact.yaml", "mono.yaml", "print.yaml", "web.yaml"]


def dropmill(folder, *words, program=BINARY, env=None):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("DROPMILL_")}
    return subprocess.run([program, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=30 * PATIENCE,
                          stdin=subprocess.DEVNULL, env={**clean, **(env or {})})


def tree(folder):
    """Every file below the folder with its bytes, every folder with None."""
    found = {}
    for top, folders, files in os.walk(folder):
        found.update({os.path.relpath(os.path.join(top, name), folder): None for name in folders})
        for name in files:
            with open(os.path.join(top, name), "rb") as file:
                found[os.path.relpath(os.path.join(top, name), folder)] = file.read()
    return found


@pytest.mark.parametrize("words", [["run"], ["master", "--brokers", "127.0.0.1:1"]])
def test_an_empty_folder_is_told_what_to_type(tmp_path, words):
    done = dropmill(tmp_path, *words)
    assert done.returncode == 1, done.stderr
    assert re.search(r"'pipelines'", done.stderr) and "--pipelines DIR" in done.stderr
    typed = re.search(r"type `(\S+) init`", done.stderr).group(1)
    assert tree(tmp_path) == {}, "nothing was made"
    assert dropmill(tmp_path, "init", program=typed).returncode == 0, "what it says can be typed"


def test_a_log_for_machines_stays_json(tmp_path):
    done = dropmill(tmp_path, "run", "--log-format", "json")
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["error"] and "dropmill init" in lines[0]["message"]


@pytest.mark.parametrize("words", [["once", "mono", "a.jpg"], ["explain", "mono", "a.jpg"], ["check"]])
def test_other_commands_name_init_too(tmp_path, words):
    done = dropmill(tmp_path, *words)
    assert done.returncode != 0 and "`dropmill init`" in done.stderr


def test_init_makes_the_samples_of_the_source(tmp_path):
    done = dropmill(tmp_path, "init")
    assert done.returncode == 0, done.stderr
    made = tree(tmp_path)
    wanted = {name: value for name, value in tree(os.path.join(ROOT, "pipelines")).items() if name in SAMPLES}
    assert {os.path.basename(name): value for name, value in made.items() if name.startswith("pipelines/")} == wanted
    assert {"watch", "out", "dropmill.yaml", "pipelines"} == {name for name in made if "/" not in name}
    assert all(name in done.stdout for name in made), done.stdout
    assert dropmill(tmp_path, "check").returncode == 0


def test_all_samples_of_the_source_are_in_it():
    listed = subprocess.run(["git", "ls-files", "pipelines"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0 or not listed.stdout:
        pytest.skip("the source is not in git")
    assert sorted(os.path.basename(name) for name in listed.stdout.split()) == SAMPLES


def test_init_changes_nothing_that_is_there(tmp_path):
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "mono.yaml").write_text("steps: [blur]\n")
    (tmp_path / "dropmill.yaml").write_text("workers: 1\n")
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "kept.jpg").write_text("mine")
    before = tree(tmp_path)
    done = dropmill(tmp_path, "init")
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path) == {**before, "out": None}, "a folder with definitions gets no samples"
    assert re.findall(r"^(\w+) +(\S+)", done.stdout, re.M)[:4] == [
        ("kept", "pipelines/"), ("kept", "dropmill.yaml"), ("kept", "watch/"), ("made", "out/")]


def test_init_follows_no_link_and_leaves_no_half_files(tmp_path):
    """A dropmill.yaml that leads nowhere is something, too."""
    os.symlink("elsewhere", tmp_path / "dropmill.yaml")
    done = dropmill(tmp_path, "init")
    assert done.returncode == 0, done.stderr
    assert os.readlink(tmp_path / "dropmill.yaml") == "elsewhere" and not (tmp_path / "elsewhere").exists()
    assert sorted(os.listdir(tmp_path)) == ["dropmill.yaml", "out", "pipelines", "watch"]
    assert sorted(os.listdir(tmp_path / "pipelines")) == SAMPLES


def test_a_sample_that_was_deleted_stays_away(tmp_path):
    assert dropmill(tmp_path, "init").returncode == 0
    (tmp_path / "pipelines" / "archive.yaml").unlink()
    before = tree(tmp_path)
    assert dropmill(tmp_path, "init").returncode == 0
    assert tree(tmp_path) == before


def test_an_empty_folder_of_definitions_gets_samples_beside_options_too(tmp_path):
    """As after an init that stopped before its first sample, where somebody had written dropmill.yaml himself."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "dropmill.yaml").write_text("workers: 1\n")
    assert dropmill(tmp_path, "init").returncode == 0
    assert sorted(os.listdir(tmp_path / "pipelines")) == SAMPLES
    assert (tmp_path / "dropmill.yaml").read_text() == "workers: 1\n"


@pytest.mark.parametrize("blocks", range(6))
def test_an_init_that_stops_half_way_is_completed_by_the_next(tmp_path, small_disk, blocks):
    """A disk that is full after each of its files: so many are there, each whole, and the next init makes the others."""
    place = tmp_path / "disk"
    small_disk(str(place), "256k")
    ballast = fill(place)
    os.truncate(ballast, os.path.getsize(ballast) - blocks * 4096)
    done = dropmill(place, "init")
    assert done.returncode == 1 and "No space left" in done.stderr, done.stdout + done.stderr
    os.remove(ballast)
    begun = tree(place)
    assert all(name == "pipelines" or name[10:] in SAMPLES for name in begun), begun
    done = dropmill(place, "init")
    assert done.returncode == 0, done.stderr
    made = tree(place)
    assert {"pipelines", "watch", "out", "dropmill.yaml", *(f"pipelines/{name}" for name in SAMPLES)} == set(made)
    assert {name: made[name] for name in begun} == begun


def test_samples_that_somebody_changed_are_his_own(tmp_path):
    assert dropmill(tmp_path, "init").returncode == 0
    (tmp_path / "dropmill.yaml").unlink()
    (tmp_path / "pipelines" / "archive.yaml").unlink()
    with open(tmp_path / "pipelines" / "mono.yaml", "a", encoding="utf-8") as file:
        file.write("# mine\n")
    assert dropmill(tmp_path, "init").returncode == 0
    assert not (tmp_path / "pipelines" / "archive.yaml").exists()


def test_options_say_where_things_belong(tmp_path):
    (tmp_path / "dropmill.yaml").write_text("pipelines: defs\nout: finished\n")
    done = dropmill(tmp_path, "init", env={"DROPMILL_WATCH": "drop"})
    assert done.returncode == 0, done.stderr
    assert {name for name in tree(tmp_path) if "/" not in name} == {"defs", "finished", "drop", "dropmill.yaml"}
    assert "drop/mono/" in done.stdout and "finished/mono/" in done.stdout


def test_every_option_of_the_sample_can_be_taken(tmp_path):
    """Without the #, a default changes nothing, and a line that shows a kind of value only is refused with its name."""
    assert dropmill(tmp_path, "init").returncode == 0
    text = (tmp_path / "dropmill.yaml").read_text()
    listed = re.findall(r"^#([a-z-]+):", text, re.M)
    helped = re.findall(r"^  (?:-\w, )?--([a-z-]+)", dropmill(tmp_path, "run", "--help").stdout, re.M)
    assert sorted(set(helped) - {"help", "config", "property"}) == sorted(set(listed) - {"kafka"})
    for line in re.findall(r"^#([a-z-]+: .*)$", text, re.M):
        name, value = line.split(": ", 1)
        (tmp_path / "one.yaml").write_text(line + "\n")
        done = dropmill(tmp_path, "once", "--config", "one.yaml")
        wanted = f"dropmill.yaml: {name} must be" if re.fullmatch("[A-Z]+", value) and name not in ("brokers", "topic-prefix") else "wants a pipeline"
        assert wanted in done.stderr, line


@pytest.mark.parametrize("words, status, said", [
    (["init", "a", "b"], 2, "'b'"),
    (["init", "--nonsense"], 2, "nonsense"),
    (["init", "file/below"], 1, "file"),
])
def test_init_refuses(tmp_path, words, status, said):
    (tmp_path / "file").write_text("")
    done = dropmill(tmp_path, *words)
    assert done.returncode == status and said in done.stderr, done.stderr


@pytest.mark.parametrize("how", ["build", "installed"])
def test_from_init_to_the_first_output(make_mill, pictures, tmp_path, how):
    """As printed: init DIR, cd DIR, run, drop; also where nothing of the source is beside the program."""
    program = BINARY
    if how == "installed":
        program = str(tmp_path / "bin" / "dropmill")
        os.makedirs(tmp_path / "bin")
        for name in ("dropmill", "dropmill-image"):
            shutil.copy(os.path.join(os.path.dirname(BINARY), name), tmp_path / "bin" / name)
    mill = make_mill({}, program)
    for name in ("pipelines", "watch", "out"):
        shutil.rmtree(mill.path(name))
    done = dropmill("/", "init", mill.folder, program=program)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^  cd (.*)$", done.stdout, re.M).group(1).strip("'") == mill.folder
    mill.start(workers=1, pipelines="pipelines", watch="watch", out="out")
    mill.drop(pictures.picture(width=64, height=48, ending=".jpg"), "mono", "photo.jpg")
    mill.wait_output("mono", "photo.jpg")


def test_a_folder_for_temporary_files_is_made(make_mill, pictures):
    """In a container nothing but one folder can be written to, and that is empty at first."""
    mill = make_mill()
    shutil.rmtree(mill.path("state"))
    mill.start(workers=1, env={"TMPDIR": mill.path("state", "tmp")})
    assert [name for name in os.listdir(mill.path("state", "tmp")) if name.startswith("dropmill-tmp-")]
    assert os.stat(mill.path("state")).st_mode & 0o777 == 0o700
    mill.drop(pictures.picture(width=64, height=48, ending=".jpg"), "mono", "photo.jpg")
    mill.wait_output("mono", "photo.png")
    mill.stop()
    assert os.listdir(mill.path("state", "tmp")) == []


def test_a_name_that_is_not_resolved_is_no_mistake_of_the_options(make_mill):
    """As before the network is up: a service must try again, which it does not after status 2."""
    mill = make_mill()
    done = dropmill(mill.folder, "run", "--http", "no-such-name.invalid:8080")
    assert done.returncode == 1 and "no-such-name.invalid is not an address" in done.stderr, (done.returncode, done.stderr)
    assert dropmill(mill.folder, "run", "--http", "127.0.0.1:none").returncode == 2


def test_status_finds_the_mill_of_its_folder(make_mill, tmp_path):
    """As run set it: by its state folder, where port 0 was asked for or an option won over the file; else by dropmill.yaml."""
    mill = make_mill()
    options = tmp_path / "dropmill.yaml"
    options.write_text(f"state: {mill.path('state')}\nhttp: 127.0.0.1:1\n")
    mill.start(workers=1)
    address = mill.url.removeprefix("http://").rstrip("/")
    asked = dropmill(tmp_path, "status", "--health")
    assert (asked.returncode, asked.stdout) == (0, "ok\n"), asked.stderr
    assert address in dropmill(tmp_path, "status").stdout
    assert dropmill("/", "status", "--health", "--config", str(options)).returncode == 0
    # A second start names the process alone.
    again = dropmill(tmp_path, "run", "--pipelines", mill.path("pipelines"), "--http", "127.0.0.1:0")
    assert f"another dropmill (process {mill.process.pid}) uses" in again.stderr, again.stderr
    options.write_text(f"http: {address}\n")
    assert dropmill(tmp_path, "status", "--health").returncode == 0
    options.write_text(f"state: {mill.path('state')}\nhttp: 127.0.0.1:1\n")
    mill.kill(mill.process.pid, signal.SIGKILL)
    mill.process.wait(10)
    asked = dropmill(tmp_path, "status")
    assert asked.returncode == 1 and "no mill answers at 127.0.0.1:1;" in asked.stderr, "the lock of a mill that was killed counts for nothing"
    options.write_text("http: 127.0.0.1:0\n")
    asked = dropmill(tmp_path, "status", "--health")
    assert asked.returncode == 1 and "no mill runs in" in asked.stderr, asked.stderr
    options.write_text("htpp: 127.0.0.1:1\n")
    asked = dropmill(tmp_path, "status")
    assert asked.returncode == 2 and "unknown key 'htpp'" in asked.stderr
