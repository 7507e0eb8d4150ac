# SPDX-License-Identifier: GPL-2.0-or-later
"""`dropmill once PIPELINE FILE... --out DIR`: no watching, exit status 0, 1 (some failed), 2 (usage)."""
import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios

import pytest

from conftest import MONO
from pictures import truncated
from waiting import PATIENCE, wait_until

# A worker's warning, of any length; it may come behind a bar that is just being drawn.
WARNING = re.compile(r"\d\d:\d\d:\d\d .*warning: .*")
STEPS = ["grayscale", "blur:sigma=1"]


@pytest.fixture
def place(make_mill):
    """A mill's folder, nothing started."""
    return make_mill({"mono": MONO})


@pytest.fixture
def photo(pictures):
    return pictures.picture(width=640, height=480, ending=".jpg")


def once(place, *words, **options):
    command = [place.binary, "once", "--pipelines", place.path("pipelines"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=place.folder, timeout=120 * PATIENCE,
                          env=place.environment(), stdin=subprocess.DEVNULL, **options)
    place.check_clean()
    return done


@pytest.mark.parametrize("by", ["name", "path"])
def test_pipeline_by_name_or_path(place, pictures, photo, by):
    pipeline = "mono" if by == "name" else place.path("pipelines", "mono.yaml")
    shutil.copyfile(photo, place.path("stage", "a.jpg"))
    target = place.path("results")
    done = once(place, pipeline, place.path("stage", "a.jpg"), "--out", target)
    assert done.returncode == 0, done.stderr
    assert os.listdir(target) == ["a.png"], "outputs lie directly in DIR"
    pictures.assert_same(os.path.join(target, "a.png"), pictures.reference(photo, STEPS, ".png"), place.folder)
    # The original is the user's: it stays where it was, as it was.
    with open(place.path("stage", "a.jpg"), "rb") as left, open(photo, "rb") as given:
        assert left.read() == given.read()
    assert os.listdir(place.path("stage")) == ["a.jpg"]
    assert not os.listdir(place.path("watch"))


def test_many_files_some_bad(place, pictures, photo):
    names = []
    for i in range(12):
        names.append(place.path("stage", f"n{i}.jpg"))
        shutil.copyfile(photo, names[-1])
    bad = truncated(photo, place.path("stage", "bad.jpg"))
    missing = place.path("stage", "missing.jpg")
    done = once(place, "mono", *names, bad, missing, "--out", place.path("results"), "--workers", "2")
    assert done.returncode == 1, done.stderr
    assert sorted(os.listdir(place.path("results"))) == sorted(f"n{i}.png" for i in range(12))
    for path in (bad, missing):
        lines = [line for line in done.stderr.splitlines() if os.path.basename(path) in line]
        assert lines, f"{path} is not named:\n{done.stderr}"
    assert "No such file" in next(line for line in done.stderr.splitlines() if "missing.jpg" in line)
    assert os.path.exists(bad)


def test_a_large_picture_in_small_tiles(place, pictures):
    source = pictures.picture(width=3001, height=2003, ending=".jpg", seed=8)
    shutil.copyfile(source, place.path("stage", "l.jpg"))
    done = once(place, "mono", place.path("stage", "l.jpg"), "--out", place.path("results"), "--tile", "256", "--workers", "2")
    assert done.returncode == 0, done.stderr
    wanted = pictures.reference(source, STEPS, ".png")
    pictures.assert_same(place.path("results", "l.png"), wanted, place.folder)


@pytest.mark.parametrize("words", [[], ["mono"], ["nosuch", "x.jpg"], ["mono", "x.jpg", "--bad-option"]])
def test_usage(place, words):
    done = once(place, *words)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stderr.strip()


def test_unknown_pipeline_is_met_with_a_suggestion(place, photo):
    done = once(place, "mon", photo, "--out", place.path("results"))
    assert done.returncode == 2
    assert "'mon'" in done.stderr and "mono" in done.stderr


def test_a_broken_definition_says_where(place, photo):
    place.pipeline("x", "steps:\n  - blurr: 3\n")
    done = once(place, "x", photo, "--out", place.path("results"))
    assert done.returncode == 2
    assert "x.yaml:2:5: unknown operation 'blurr'; did you mean 'blur'?" in done.stderr


@pytest.mark.parametrize("columns", [80, 40, 12])
def test_progress_bar_on_a_terminal_only(place, photo, columns):
    shutil.copyfile(photo, place.path("stage", "a.jpg"))
    quiet = once(place, "mono", place.path("stage", "a.jpg"), "--out", place.path("results"))
    assert "\r" not in quiet.stderr and "\x1b" not in quiet.stderr
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [place.binary, "once", "--pipelines", place.path("pipelines"), "mono", place.path("stage", "a.jpg"), "--out",
               place.path("results")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=end, stderr=end, cwd=place.folder,
                               env=dict(place.environment(), TERM="xterm"))
    os.close(end)
    seen = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the last writer is gone
            break
        if not piece:
            break
        seen += piece
    os.close(terminal)
    assert process.wait(60) == 0
    assert b"\r" in seen
    lines = [re.sub(r"\x1b\[K", "", line) for line in re.split(r"[\r\n]+", seen.decode())]
    drawn = [WARNING.sub("", line) for line in lines]
    assert all(len(line) < columns for line in drawn), f"a line that does not fit begins a new one each time: {drawn}"
    assert len([line for line in lines if "1 of 1" in line]) == 1 or columns < 20, lines


def test_interrupted(place, pictures):
    big = pictures.picture(width=7001, height=5003, ending=".jpg", seed=31)
    command = [place.binary, "once", "--pipelines", place.path("pipelines"), "mono", big, "--out", place.path("results"),
               "--tile", "128", "--workers", "1"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               cwd=place.folder, env=place.environment())
    wait_until(lambda: place.pids("codec") or process.poll() is not None, "the codec of the job", 30, 0.002)
    process.send_signal(signal.SIGINT)
    assert process.wait(30 * PATIENCE) != 0
    place.check_clean()
    results = place.path("results")
    assert not os.path.exists(results) or not os.listdir(results)


def test_a_wrong_address_is_a_fault_of_usage(place):
    for command in ("run", "master", "worker"):
        done = subprocess.run([place.binary, command, "--http", "999"], capture_output=True, text=True, check=False, timeout=60, cwd=place.folder)
        assert done.returncode == 2 and "--http '999'" in done.stderr, done


def test_versions_are_told(place):
    def version(*words):
        return subprocess.run([place.binary, "version", *words], capture_output=True, text=True, check=False, timeout=60)

    short, long, wrong = version(), version("--verbose"), version("--all")
    assert short.returncode == long.returncode == 0 and long.stdout.startswith(short.stdout)
    told = dict(line.split(maxsplit=1) for line in long.stdout.splitlines()[1:])
    assert re.fullmatch(r"\d+\.\d+\.\d+", told["librdkafka"]) and re.match(r"8\.\d+\.\d+", told["libvips"]), long.stdout
    assert {"jpeg", "png", "tiff"} <= set(told["writes:"].split())
    assert wrong.returncode == 2 and "--all" in wrong.stderr and not wrong.stdout
