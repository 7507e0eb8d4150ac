# SPDX-License-Identifier: GPL-2.0-or-later
"""More files at once than may be taken: a bounded number is claimed at any time, the others wait and are told of, none is lost or milled
twice, and other inboxes are not held up. With a short queue; make bench has the hundred thousand."""
import os
import shutil
import subprocess

import pytest

from chaos_places import HOOKS
from waiting import wait_until

QUEUE = 5
# More than the table of names holds with so short a queue (64), so that folders have to be read again.
PLAIN, DEEP = 110, 25
FOLDERS = ("", "day 1", "day 1/raw", "day 2")
# A few milliseconds each, asleep: the backlog is there for long enough to be looked at.
SLOW = "recursive: {}\nsteps: [grayscale, {{test_sleep: {{ms: 15, pixels: 2000}}}}]\n"
URGENT = "priority: 9\nsteps: [grayscale]\n"


@pytest.fixture
def burst_mill(make_mill):
    if not os.path.exists(HOOKS):
        pytest.fail(f"{HOOKS} is not built: make hooks")
    return make_mill({"plain": SLOW.format("false"), "deep": SLOW.format("true"), "urgent": URGENT}, HOOKS)


def stage(mill, picture):
    """Folders full of copies, to be moved in."""
    for number in range(PLAIN):
        os.makedirs(mill.path("stage", "plain"), exist_ok=True)
        shutil.copyfile(picture, mill.path("stage", "plain", f"p{number:03}.png"))
    for folder in FOLDERS:
        os.makedirs(mill.path("stage", "deep", folder), exist_ok=True)
        for number in range(DEEP):
            shutil.copyfile(picture, mill.path("stage", "deep", folder, f"d{number:03}.png"))


def drop(mill):
    for name in sorted(os.listdir(mill.path("stage", "plain"))):
        os.rename(mill.path("stage", "plain", name), mill.inbox("plain", name))
    os.rename(mill.path("stage", "deep"), mill.inbox("deep", "shoot"))


def claimed(mill, pipeline):
    try:
        return len(os.listdir(mill.inbox(pipeline, ".dropmill")))
    except FileNotFoundError:
        return 0


def files(*below):
    return sorted(os.path.relpath(os.path.join(where, name), os.path.join(*below))
                  for where, _, names in os.walk(os.path.join(*below)) for name in names)


def check_bound(mill):
    for pipeline in ("plain", "deep"):
        assert claimed(mill, pipeline) <= QUEUE, (pipeline, mill.log())


def backlog(mill):
    """Files that wait, by inbox."""
    answer = mill.json("api/waiting")
    shown = {entry["path"]: entry for entry in answer["waiting"]}
    assert answer["total"] == sum(entry["files"] for entry in answer["waiting"])
    return {name: shown[mill.inbox(name)]["files"] for name in ("plain", "deep") if mill.inbox(name) in shown}


def check_all_done(mill):
    plain = [f"p{number:03}.png" for number in range(PLAIN)]
    deep = sorted(os.path.join("shoot", folder, f"d{number:03}.png") for folder in FOLDERS for number in range(DEEP))
    for pipeline, expected in (("plain", plain), ("deep", deep)):
        assert files(mill.out(pipeline)) == expected
        assert files(mill.inbox(pipeline, "_done")) == expected
        wait_until(lambda name=pipeline: claimed(mill, name) == 0, "no claim")
    wait_until(lambda: mill.status()["waiting"] == 0, lambda: mill.json("api/waiting"))


def test_more_files_than_may_be_taken(burst_mill, pictures):
    mill = burst_mill.start(workers=2, queue=QUEUE)
    picture = pictures.picture(40, 30)
    stage(mill, picture)
    drop(mill)
    everything = PLAIN + DEEP * len(FOLDERS)

    def told():
        check_bound(mill)
        return sum(backlog(mill).values()) > everything / 2 and len(backlog(mill)) == 2

    wait_until(told, lambda: f"{mill.json('api/waiting')}\n{mill.log()}")
    text = subprocess.run([mill.binary, "status", "--http", mill.url.split("/")[2]], capture_output=True, text=True, check=True,
                          timeout=60).stdout
    assert "not yet" in text and f"of an inbox {QUEUE} are taken at a time" in text
    # What comes to another inbox now is milled before what waits here.
    mill.drop(picture, "urgent", "now.png")
    mill.wait_output("urgent", "now.png")
    assert mill.status()["waiting"] > 0, "the backlog was gone before the urgent picture was done"
    check_bound(mill)

    def through():
        check_bound(mill)
        return mill.status()["jobs"]["done"] == everything + 1

    wait_until(through, lambda: f"{mill.status()}\n{mill.log()}", 120, 0.005)
    status = mill.status()
    assert status["jobs"] == {"queued": 0, "running": 0, "done": everything + 1, "failed": 0}
    assert status["counts"]["folders_read"] < everything / 2, "folders are read again and again"
    check_all_done(mill)


def test_a_kill_in_the_middle(burst_mill, pictures):
    mill = burst_mill.start(workers=2, queue=QUEUE)
    picture = pictures.picture(40, 30)
    stage(mill, picture)
    drop(mill)
    wait_until(lambda: mill.status()["jobs"]["done"] > 20, lambda: mill.log())
    mill.kill_master()
    # Claims of the run before come first, and are as many as its queue, which was longer.
    check_bound(mill)
    mill.start(workers=2, queue=2)
    everything = PLAIN + DEEP * len(FOLDERS)
    wait_until(lambda: len(files(mill.out())) == everything, lambda: f"{mill.status()}\n{mill.log()}", 120, 0.05)
    mill.wait_idle(failed=0)
    check_all_done(mill)
