# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs that people and machines put files into an inbox with, as they are: each file comes out once, and right."""
import contextlib
import filecmp
import http.server
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pytest

from mill import Mill
from waiting import wait_until

STEPS = ["grayscale", "blur:sigma=1"]
SETTLE = 0.3
PIPELINE = f"settle: {SETTLE}s\nsteps: [grayscale, {{blur: 1}}]\noutputs: [{{name: \"{{stem}}.png\"}}]\n"
PAUSE = 2 * SETTLE  # of a writer, longer than a quiet file is waited for
MANY = 1000
SFTP_SERVER = "/usr/lib/openssh/sftp-server"


@pytest.fixture(scope="module")
def mill():
    folder = tempfile.mkdtemp(prefix="dropmill-test-")
    running = Mill(folder)
    running.pipeline("mono", PIPELINE)
    running.start(workers=2)
    yield running
    try:
        running.stop()
    finally:
        running.abandon()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(name="photo")
def fixture_photo(pictures):
    return pictures.picture(width=320, height=240, ending=".png", seed=5)


def run(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, **options)
    assert done.returncode == 0, f"{words}: {done.stderr}"


def pieces(photo, count=4):
    with open(photo, "rb") as file:
        data = file.read()
    size = len(data) // count + 1
    return [data[start : start + size] for start in range(0, len(data), size)]


def write_slowly(file, photo, pause):
    for piece in pieces(photo):
        file.write(piece)
        file.flush()
        time.sleep(pause)


def cp(mill, photo, target):
    run("cp", photo, target)


def cp_preserving(mill, photo, target):
    """The time of the file is set after its last byte: to 1970."""
    old = mill.path("stage", "old.png")
    shutil.copyfile(photo, old)
    os.utime(old, (0, 0))
    run("cp", "-p", old, target)


def cp_from_the_future(mill, photo, target):
    """A camera whose clock is wrong: nothing waits until it is right."""
    new = mill.path("stage", "new.png")
    shutil.copyfile(photo, new)
    os.utime(new, (4000000000, 4000000000))
    run("cp", "-p", new, target)


def mv_across_file_systems(mill, photo, target):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        source = shutil.copy(photo, elsewhere)
        assert os.stat(source).st_dev != os.stat(os.path.dirname(target)).st_dev
        run("mv", source, target)


def ln(mill, photo, target):
    """The file stays where it was, too; its other name is no affair of the mill."""
    own = shutil.copy(photo, mill.path("stage", os.path.basename(target)))
    run("ln", own, target)


def rsync(mill, photo, target):
    run("rsync", "-t", "--bwlimit=100", photo, target)


def rsync_in_place(mill, photo, target):
    run("rsync", "--inplace", "--bwlimit=100", photo, target)


def scp(mill, photo, target):
    """The real client and the real server of the transfer, with a pipe where ssh would be."""
    run("scp", "-p", "-D", SFTP_SERVER, photo, f"anywhere:{target}")


def dd_with_pauses(mill, photo, target):
    """One descriptor, open from the first to the last byte, and pauses in which the file looks finished."""
    size = os.path.getsize(photo) // 4 + 1
    steps = [f"dd if={photo} bs={size} skip={i} count=1 status=none >&3; sleep {PAUSE};" for i in range(4)]
    run("sh", "-c", f"exec 3>{target}; {' '.join(steps)}")


def allocated_before_it_is_written(mill, photo, target):
    """As file servers do it: the right size from the start, and zeros where the picture is not yet."""
    with open(target, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, os.path.getsize(photo))
        time.sleep(PAUSE)
        write_slowly(file, photo, PAUSE)


def scanner_that_opens_again(mill, photo, target):
    for piece in pieces(photo):
        with open(target, "ab") as file:
            file.write(piece)
        time.sleep(SETTLE / 6)


def browser(mill, photo, target):
    with open(target + ".crdownload", "wb") as file:
        write_slowly(file, photo, SETTLE / 3)
    time.sleep(PAUSE)
    os.rename(target + ".crdownload", target)


class Dribble(http.server.BaseHTTPRequestHandler):
    photo = None

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(os.path.getsize(self.photo)))
        self.end_headers()
        write_slowly(self.wfile, self.photo, PAUSE)

    def log_message(self, *_):
        pass


def curl(mill, photo, target):
    Dribble.photo = photo
    with http.server.HTTPServer(("127.0.0.1", 0), Dribble) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        run("curl", "-sS", "-o", target, f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()
        thread.join()


WRITERS = [
    cp, cp_preserving, cp_from_the_future, mv_across_file_systems, ln, rsync, rsync_in_place, scp, dd_with_pauses,
    allocated_before_it_is_written, scanner_that_opens_again, browser, curl,
]


def check(mill, pictures, photo, names):
    """Each of these names has its output and its archived original, right and once."""
    wanted = pictures.reference(photo, STEPS, ".png")
    first = mill.wait_output("mono", names[0])
    pictures.assert_same(first, wanted, mill.folder)
    for name in names:
        assert filecmp.cmp(mill.wait_output("mono", name), first, shallow=False), name
        done = mill.inbox("mono", "_done", name)
        wait_until(lambda path=done: os.path.exists(path), lambda path=done: f"{path}; {mill.log()}")
        assert filecmp.cmp(done, photo, shallow=False), name
        assert not os.path.exists(mill.inbox("mono", name))


def files_below(top):
    return sorted(
        os.path.relpath(os.path.join(where, name), top) for where, _, names in os.walk(top) for name in names
    )


def test_every_writer_at_once(mill, pictures, photo):
    """Each in a thread of its own: they do not disturb each other, and most of their time is waiting."""
    mill.wait_idle()
    targets = {writer: mill.inbox("mono", f"{writer.__name__}.png") for writer in WRITERS}
    errors = []

    def write(writer):
        try:
            writer(mill, photo, targets[writer])
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            errors.append((writer.__name__, error))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in WRITERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    check(mill, pictures, photo, [os.path.basename(path) for path in targets.values()])
    mill.wait_idle(done=len(WRITERS), failed=0)
    names = sorted(os.path.basename(path) for path in targets.values())
    assert files_below(mill.out("mono")) == names and files_below(mill.inbox("mono", "_done")) == names


def test_archives_are_unpacked_into_the_inbox(mill, pictures, photo):
    before = mill.wait_idle()["jobs"]["done"]
    names = []
    for kind in ("tar", "zip"):
        tree = mill.path("stage", f"from-{kind}")
        for below in ("one.png", "deep/two.png", "deep/er/three.png"):
            os.makedirs(os.path.dirname(os.path.join(tree, below)), exist_ok=True)
            shutil.copyfile(photo, os.path.join(tree, below))
            names.append(f"from-{kind}/{below}")
    run("tar", "-C", mill.path("stage"), "-cf", mill.path("stage", "a.tar"), "from-tar")
    run("python3", "-m", "zipfile", "-c", mill.path("stage", "a.zip"), "from-zip", cwd=mill.path("stage"))
    run("tar", "-C", mill.inbox("mono"), "-xf", mill.path("stage", "a.tar"))
    run("unzip", "-q", mill.path("stage", "a.zip"), "-d", mill.inbox("mono"))
    check(mill, pictures, photo, names)
    mill.wait_idle(done=before + len(names), failed=0)


def test_two_names_of_one_file(mill, pictures, photo):
    before = mill.wait_idle()["jobs"]["done"]
    own = shutil.copy(photo, mill.path("stage", "twice.png"))
    for name in ("first.png", "second.png"):
        os.link(own, mill.inbox("mono", name))
    check(mill, pictures, photo, ["first.png", "second.png"])
    mill.wait_idle(done=before + 2, failed=0)


def test_a_thousand_at_once(mill, pictures):
    small = pictures.picture(width=40, height=30, ending=".png", seed=6)
    before = mill.wait_idle()["jobs"]["done"]
    tree = mill.path("stage", "thousand")
    names = [f"thousand/{i % 10}/{i}.png" for i in range(MANY)]
    for name in names:
        os.makedirs(os.path.dirname(mill.path("stage", name)), exist_ok=True)
        shutil.copyfile(small, mill.path("stage", name))
    run("cp", "-r", tree, mill.inbox("mono"))
    mill.wait_idle(done=before + MANY, failed=0, seconds=240)
    check(mill, pictures, small, names)
    assert len(files_below(mill.out("mono", "thousand"))) == MANY


@contextlib.contextmanager
def sleeping_workers(mill):
    """What is dropped meanwhile is claimed, and stays in hand."""
    workers = mill.pids("worker")
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def drop_a_part(mill, photo, name):
    """Claimed as the first part of itself; the path of its other name, through which no lock and no rename keeps a writer from it."""
    own = mill.path("stage", name)
    with open(own, "wb") as file:
        file.write(pieces(photo)[0])
    os.link(own, mill.inbox("mono", name))
    wait_until(lambda: not os.path.exists(mill.inbox("mono", name)), "the claim")
    return own


def test_one_that_is_written_to_after_it_was_taken_is_milled_as_it_ends(mill, pictures, photo):
    before = mill.wait_idle()["jobs"]["done"]
    with sleeping_workers(mill), open(drop_a_part(mill, photo, "late.png"), "ab") as file:
        file.write(b"".join(pieces(photo)[1:]))
    check(mill, pictures, photo, ["late.png"])
    mill.wait_idle(done=before + 1, failed=0)
    assert mill.reason("mono", "late.png") is None


def test_one_that_fails_because_it_was_taken_too_early_goes_back(mill, pictures, photo):
    """Regression: it went to _failed/ under the hands of its writer, with a reason that was soon not true any more."""
    before = mill.wait_idle()["jobs"]["done"]
    parts = pieces(photo)
    with sleeping_workers(mill):
        file = open(drop_a_part(mill, photo, "early.png"), "ab", buffering=0)
        file.write(parts[1])
    with file:
        wait_until(lambda: os.path.exists(mill.inbox("mono", "early.png")), lambda: f"it to be back; {mill.log()}")
        file.write(b"".join(parts[2:]))
    check(mill, pictures, photo, ["early.png"])
    mill.wait_idle(done=before + 1, failed=0)
    assert mill.reason("mono", "early.png") is None
