# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks that are full, read-only or gone for a while: what is dropped waits, says so with the system's own words, and comes out."""
import os
import shutil
import subprocess

import pytest

from disks import fill, remount
from waiting import wait_until

STEPS = ["grayscale", "blur:sigma=1"]
CHAIN = "steps: [grayscale, {blur: 1}]\noutputs: [{name: \"{stem}.png\"}]\n"
NOSPC, ROFS, PERM = "No space left on device", "Read-only file system", "Operation not permitted"
MANY = 9  # more than one worker's window

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")


@pytest.fixture
def photo(pictures):
    return pictures.picture(width=320, height=240, ending=".png", seed=5)


def waiting(mill):
    return mill.json("api/waiting")["waiting"]


def wait_for_reason(mill, pipeline, why, count=1):
    def told():
        found = [entry for entry in waiting(mill) if entry["pipeline"] == pipeline and why in entry["why"]]
        return found if len(found) >= count else None

    return wait_until(told, lambda: f"{count} of {pipeline} that wait for {why}: {waiting(mill)}\n{mill.log()}", 60)


def check(mill, pictures, photo, pipeline, names):
    for name in names:
        pictures.assert_same(mill.wait_output(pipeline, name, seconds=90), pictures.reference(photo, STEPS, ".png"), mill.folder)
        done = mill.inbox(pipeline, "_done", name)
        wait_until(lambda path=done: os.path.exists(path), done, 60)
    wait_until(lambda: not waiting(mill), lambda: waiting(mill))


def status_of(mill):
    words = [mill.binary, "status", "--http", mill.url.split("/")[2]]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout


def test_a_full_disk_of_one_pipeline_stops_no_other(make_mill, pictures, photo, small_disk):
    """Outputs of "full" have a disk of their own; the master of it stops in order, though they wait, and the next one finishes them."""
    mill = make_mill({"full": CHAIN, "free": CHAIN})
    small_disk(mill.out("full"), "1m")
    mill.start(workers=1)
    ballast = fill(mill.out("full"))
    names = [f"{i}.png" for i in range(MANY)]
    for name in names:
        mill.drop(photo, "full", name)
    wait_for_reason(mill, "full", NOSPC, MANY)
    mill.drop(photo, "free", "a.png")
    mill.wait_output("free", "a.png")
    text = status_of(mill)
    assert NOSPC in text and "not yet" in text, text
    assert not os.path.exists(mill.inbox("full", "_failed")) or not os.listdir(mill.inbox("full", "_failed"))
    mill.process.terminate()
    mill.process.wait(30)
    mill.reader.join(10)
    os.unlink(ballast)
    mill.start(workers=1)
    check(mill, pictures, photo, "full", names)
    mill.wait_idle(failed=0)
    assert sorted(os.listdir(mill.out("full"))) == names
    mill.stop()


def test_out_is_read_only_full_and_gone_for_a_while(make_mill, pictures, photo, small_disk):
    mill = make_mill({"p": CHAIN})
    small_disk(mill.out())
    mill.start(workers=1, tile=100)
    remount(mill.out(), "ro")
    mill.drop(photo, "p", "ro.png")
    wait_for_reason(mill, "p", ROFS)
    remount(mill.out(), "rw")
    check(mill, pictures, photo, "p", ["ro.png"])
    ballast = fill(mill.out())
    mill.drop(photo, "p", "full.png")
    wait_for_reason(mill, "p", NOSPC)
    os.unlink(ballast)
    check(mill, pictures, photo, "p", ["full.png"])
    shutil.rmtree(mill.out("p"))
    mill.drop(photo, "p", "gone.png")
    check(mill, pictures, photo, "p", ["gone.png"])
    mill.wait_idle(done=3, failed=0)
    mill.stop()


def test_the_folder_of_outputs_goes_away_in_the_middle(make_mill, pictures, photo):
    """Regression: the picture failed, with a temp file's "No such file or directory" for its reason."""
    mill = make_mill({"p": CHAIN}).start(workers=1)
    worker = mill.pids("worker")[0]
    mill.kill(worker, 19)
    mill.drop(photo, "p", "a.png")
    wait_until(lambda: mill.status()["jobs"]["running"] == 1 and mill.status()["tiles"]["running"], "it to be in work")
    shutil.rmtree(mill.out())
    mill.kill(worker, 18)
    check(mill, pictures, photo, "p", ["a.png"])
    mill.wait_idle(done=1, failed=0)
    mill.stop()


def test_the_state_folder_is_full_for_a_while(make_mill, pictures, photo, small_disk):
    mill = make_mill({"p": CHAIN})
    small_disk(mill.path("state"), "2m")
    mill.start(workers=1)
    ballast = fill(mill.path("state"))
    names = [f"{i}.png" for i in range(3)]
    for name in names:
        mill.drop(photo, "p", name)
    wait_for_reason(mill, "p", NOSPC)
    os.unlink(ballast)
    check(mill, pictures, photo, "p", names)
    mill.wait_idle(done=3, failed=0)
    assert sorted(os.listdir(mill.out("p"))) == names
    mill.stop()


def test_an_original_that_cannot_be_archived_waits(make_mill, pictures, photo):
    """Its output is there, once, and the original is where it was claimed, until _done/ is open again."""
    mill = make_mill({"p": CHAIN}).start(workers=1)
    done = mill.inbox("p", "_done")
    os.makedirs(done, exist_ok=True)
    if subprocess.run(["chattr", "+i", done], capture_output=True, check=False).returncode:
        pytest.skip("no chattr +i here")
    try:
        mill.drop(photo, "p", "a.png")
        reason = wait_for_reason(mill, "p", PERM)[0]
        assert os.path.exists(reason["path"]) and "/.dropmill/" in reason["path"]
        assert os.listdir(mill.out("p")) == ["a.png"]
    finally:
        subprocess.run(["chattr", "-i", done], check=True)
    check(mill, pictures, photo, "p", ["a.png"])
    mill.wait_idle(done=1, failed=0)
    mill.stop()
