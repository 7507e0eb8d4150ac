# SPDX-License-Identifier: GPL-2.0-or-later
"""A worker that is late keeps nobody waiting: who has nothing to do gets its tiles as well, and what it does in the end harms nothing."""
import pytest

from trouble import HOOKS, Trouble
from waiting import wait_until

PIPELINE = {"big": "steps: [grayscale, {blur: 3}]\noutputs: [{name: \"{stem}.png\"}]\n"}
STEPS = ["grayscale", "blur:sigma=3"]
TILE = 128
# Four rows of tiles: all of them fit into the rings, so that no tile waits for the place of another.
WIDTH, HEIGHT = 1600, 500
# Silence means nothing here: without a second worker the job would wait for ten minutes.
PATIENT = {"DROPMILL_TEST_GONE_MS": "600000"}


@pytest.fixture
def wide(pictures):
    return pictures.picture(width=WIDTH, height=HEIGHT, ending=".png", seed=71)


def check(mill, pictures, source, name):
    wanted = pictures.reference(source, STEPS, ".png")
    pictures.assert_same(mill.wait_output("big", name, seconds=120), wanted, mill.folder)


def reissued(mill, source):
    """What the job's timeline says of it, and the job."""
    job = next(job for job in mill.jobs() if job["source"] == source)
    detail = mill.json(f"/api/jobs/{job['id']}")
    return [entry for entry in detail["timeline"] if entry["kind"] == "reissued"], detail


def in_the_middle(mill):
    def part_done():
        return any(job["tiles"]["done"] > 0.2 * (job["tiles"]["total"] or 1) for job in mill.jobs("&state=running"))

    wait_until(part_done, lambda: f"a job in the middle; {mill.jobs()}\n{mill.log()}", 60, 0.005)


def nobody_is_blamed(mill):
    assert mill.status()["tiles"]["retried"] == 0
    assert [worker["breaker"]["state"] for worker in mill.workers()] == ["closed"] * len(mill.workers())
    assert not [worker["end"] for worker in mill.workers() if worker["state"] == "gone"]


@pytest.mark.parametrize("payload", ["shm", "inline"])
def test_a_worker_that_is_stopped(make_mill, pictures, wide, folder, payload):
    trouble = Trouble(folder)
    trouble.order("tile:*:slow40")  # so that it is stopped in the middle of one
    mill = make_mill(PIPELINE, HOOKS).start(workers=2, tile=TILE, payload=payload, env={**trouble.env, **PATIENT})
    mill.drop(wide, "big", "wide.png")
    in_the_middle(mill)
    zombie = mill.pids("worker")[0]
    with mill.stopped(zombie):
        check(mill, pictures, wide, "wide.png")
        mill.wait_idle(done=1, failed=0)
        assert zombie in mill.pids("worker")
        # The next one, while it still has tasks of the first in hand.
        mill.drop(wide, "big", "next.png")
        check(mill, pictures, wide, "next.png")
    notes, job = reissued(mill, "wide.png")
    late = next(worker["id"] for worker in mill.workers() if worker["pid"] == zombie)
    assert notes and all(late in note["text"] and note["worker"] != late for note in notes)
    assert job["tiles"]["done"] == job["tiles"]["total"] and job["attempt"] == 1
    again = {note["tile"] for note in notes}
    assert all(tile["attempt"] == (2 if number in again else 1) for number, tile in enumerate(job["tile_list"]))
    # It answers what it was given, and nobody waits for that.
    wait_until(lambda: mill.status()["tiles"]["duplicate"] > 0, lambda: f"its answers; {mill.status()}", 60)
    trouble.order()
    mill.drop(wide, "big", "again.png")
    check(mill, pictures, wide, "again.png")
    status = mill.wait_idle(done=3, failed=0)
    assert status["tiles"]["reissued"] >= len(notes) and status["workers"]["live"] == 2
    nobody_is_blamed(mill)
    # Nor does it blame itself for tasks that others had taken over before it began them.
    assert sum(worker["failed"] for worker in mill.hear_workers()) == 0


def test_a_worker_that_is_slow(make_mill, pictures, wide, folder):
    """It is given as much as the others at first, and keeps what it can do in time."""
    trouble = Trouble(folder)
    trouble.order("worker@0:*:slow1000")
    mill = make_mill(PIPELINE, HOOKS).start(workers=2, tile=TILE, env={**trouble.env, **PATIENT})
    mill.drop(wide, "big", "wide.png")
    check(mill, pictures, wide, "wide.png")
    mill.wait_idle(done=1, failed=0)  # the output is there before its story is told
    notes, _ = reissued(mill, "wide.png")
    assert notes
    # Known to be slow from then on: the other one gets the last tiles from the beginning.
    trouble.order()
    mill.drop(wide, "big", "next.png")
    check(mill, pictures, wide, "next.png")
    mill.wait_idle(done=2, failed=0)
    nobody_is_blamed(mill)
