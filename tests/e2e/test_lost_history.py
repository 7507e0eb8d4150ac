# SPDX-License-Identifier: GPL-2.0-or-later
"""A database that is lost, broken or locked, at the start and under a running mill: the mill goes on, and its outputs know whose they are."""
import os
import sqlite3

import pytest

from waiting import wait_until

CHAIN = "steps: [grayscale]\noutputs: [{name: \"%s\"}]\n"
PIPELINES = {
    "p": CHAIN % "{stem}.png",
    "n": CHAIN % "{n:03}-{stem}.png",
    "k": "originals: keep\n" + CHAIN % "{stem}.png",
}
KINDS = ["removed", "garbage", "middle", "folder"]


@pytest.fixture
def photo(pictures):
    return pictures.picture(width=64, height=48, ending=".png", seed=5)


@pytest.fixture
def other(pictures):
    return pictures.picture(width=80, height=60, ending=".png", seed=6)


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def spoil(mill, kind):
    path = mill.path("state", "history.db")
    if kind == "garbage":
        with open(path, "r+b") as file:
            file.write(b"\xa5" * 4096)
        return
    if kind == "middle":
        with open(path, "r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (os.path.getsize(path) - 2 * 4096))
        return
    for ending in ("", "-wal", "-shm"):
        if os.path.exists(path + ending):
            os.unlink(path + ending)
    if kind == "folder":
        os.mkdir(path)


def trees(mill):
    return {name: sorted(os.listdir(mill.out(name))) for name in PIPELINES}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_out_is_known_again(make_mill, photo, other, kind):
    mill = make_mill(PIPELINES).start(workers=1)
    for pipeline in PIPELINES:
        for name in ("a.png", "b.png"):
            mill.drop(photo, pipeline, name)
            mill.wait_output(pipeline, f"00{'ab'.index(name[0]) + 1}-{name}" if pipeline == "n" else name)
    mill.wait_idle(done=6)
    mill.stop()
    with open(mill.out("p", "c.png"), "wb") as file:
        file.write(b"somebody's")
    before = trees(mill)
    spoil(mill, kind)
    mill.start(workers=1)
    assert ("a new one begins" in mill.log()) == (kind != "removed"), mill.log()
    assert "the ledger knows them again" in mill.log()
    done = mill.status()["jobs"]["done"]
    # The same originals, changed: their outputs are replaced, under their own names and numbers. Kept ones are not milled again.
    mill.drop(other, "p", "b.png")
    mill.drop(other, "n", "b.png")
    mill.drop(other, "n", "c.png")
    mill.drop(other, "p", "c.png")
    mill.wait_output("p", "c-2.png")
    mill.wait_output("n", "003-c.png")
    mill.wait_idle(done=done + 4, failed=0)
    after = trees(mill)
    assert after == {**before, "p": [*before["p"][:2], "c-2.png", "c.png"], "n": [*before["n"], "003-c.png"]}
    assert contents(mill.out("p", "c.png")) == b"somebody's"
    assert len(contents(mill.out("p", "b.png"))) > len(contents(mill.out("p", "a.png")))
    mill.stop()


def test_removed_and_damaged_under_a_running_mill(make_mill, photo):
    mill = make_mill(PIPELINES).start(workers=1)
    for count, kind in enumerate(("removed", "middle", "removed"), start=1):
        mill.drop(photo, "p", "a.png")
        mill.wait_idle(done=count, failed=0)
        spoil(mill, kind)
    mill.drop(photo, "p", "a.png")
    wait_until(lambda: mill.status()["jobs"]["done"] == 4, lambda: mill.log(), 60)
    assert os.listdir(mill.out("p")) == ["a.png"]
    assert "a new one begins" in mill.log() and not mill.json("api/waiting")["waiting"]
    mill.stop()


def test_locked_by_another_program(make_mill, photo):
    """At the start it is waited for; under way, pictures wait and say so."""
    mill = make_mill({"p": PIPELINES["p"]}).start(workers=1)
    mill.stop()
    with sqlite3.connect(mill.path("state", "history.db"), isolation_level=None) as database:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        mill.launch(workers=1)
        wait_until(lambda: "is locked by another program; dropmill waits" in mill.log(), lambda: mill.log())
        database.execute("COMMIT")
    database.close()
    mill.wait_ready()
    other = sqlite3.connect(mill.path("state", "history.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    mill.drop(photo, "p", "a.png")
    wait_until(lambda: [w for w in mill.json("api/waiting")["waiting"] if "is locked" in w["why"]], lambda: mill.log(), 60)
    other.execute("COMMIT")
    other.close()
    mill.wait_output("p", "a.png")
    mill.wait_idle(done=1, failed=0)
    mill.stop()
