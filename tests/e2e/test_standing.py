# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures that cannot go on: each waits with a named cause or fails with the reason, and other pipelines go on whatever one does."""
import os
import subprocess

import pytest

from disks import fill
from waiting import wait_until

CHAIN = "steps: [grayscale]\noutputs: [{name: \"{stem}.png\"}]\n"
NOSPC, ROFS, NOTDIR = "No space left on device", "Read-only file system", "Not a directory"
MANY = 70  # more than one pipeline may have waiting
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")


@pytest.fixture
def photo(pictures):
    return pictures.picture(width=160, height=120, ending=".png", seed=5)


def status_of(mill):
    words = [mill.binary, "status", "--http", mill.url.split("/")[2]]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout


def standing(mill, why):
    return [job for job in mill.jobs() if job["waiting_for"] and why in job["waiting_for"]]


def another_goes_on(mill, photo, name):
    mill.drop(photo, "web", name)
    mill.wait_output("web", name)


@root_only
def test_pictures_of_one_pipeline_that_wait_stop_no_other(make_mill, photo, small_disk):
    """They cannot be archived: outputs are finished, originals stay. Also after a restart, and what is shown says why."""
    mill = make_mill({"mono": CHAIN, "web": CHAIN})
    small_disk(mill.inbox("mono", "_done"), options="ro")
    for number in range(MANY):
        mill.drop(photo, "mono", f"{number}.png")
    mill.start(workers=1)
    wait_until(lambda: len(standing(mill, ROFS)) >= 64, lambda: f"64 that wait: {mill.status()}\n{mill.log()}")
    another_goes_on(mill, photo, "a.png")
    job = standing(mill, ROFS)[0]
    assert job["state"] == "running" and job["error"] is None and job["retry_in_s"] is not None
    assert "waits: its outputs are finished, but its original stays: " in status_of(mill)
    assert any("many pictures of its pipeline wait" in (job["waiting_for"] or "") for job in mill.jobs("&state=queued"))
    mill.stop()
    mill.start(workers=1)
    another_goes_on(mill, photo, "b.png")
    wait_until(lambda: len(standing(mill, ROFS)) >= 64, lambda: f"64 that wait: {mill.status()}")
    another_goes_on(mill, photo, "c.png")
    small_disk.take_away(mill.inbox("mono", "_done"))
    wait_until(lambda: len(os.listdir(mill.inbox("mono", "_done"))) == MANY, lambda: f"all archived: {mill.log()}", 90)
    mill.wait_idle(done=MANY + 3, failed=0)
    assert len(os.listdir(mill.out("mono"))) == MANY
    mill.stop()


@root_only
def test_what_is_tried_in_vain_is_bounded(make_mill, photo, small_disk):
    """Outputs of one pipeline cannot be written: its pictures do not take the workers from others."""
    mill = make_mill({"mono": CHAIN, "web": CHAIN})
    small_disk(mill.out("mono"), "8m")
    ballast = fill(mill.out("mono"))
    for number in range(MANY):
        mill.drop(photo, "mono", f"{number}.png")
    mill.start(workers=1)
    wait_until(lambda: len(standing(mill, NOSPC)) >= 64, lambda: f"64 that wait: {mill.status()}\n{mill.log()}")
    another_goes_on(mill, photo, "a.png")
    os.unlink(ballast)
    mill.wait_idle(done=MANY + 1, failed=0, seconds=120)
    mill.stop()


def test_a_file_in_the_way_of_a_folder_of_outputs(make_mill, photo):
    """It is no fault that passes: the picture fails with the reason, and the next one comes out when the way is free."""
    mill = make_mill({"mono": CHAIN})
    with open(mill.out("mono"), "w", encoding="ascii") as file:
        file.write("in the way")
    mill.start(workers=1)
    mill.drop(photo, "mono", "a.png")
    assert NOTDIR in mill.wait_failed("mono", "a.png")
    os.unlink(mill.out("mono"))
    mill.drop(photo, "mono", "b.png")
    mill.wait_output("mono", "b.png")
    mill.wait_idle(done=1, failed=1)
    mill.stop()


def test_what_is_done_or_why_it_stands_is_told(make_mill, photo):
    """Its only worker stops with a picture in hand, which another one of the same name waits for; then it is late."""
    mill = make_mill({"mono": CHAIN + "on_conflict: overwrite\n"}).start(workers=1)
    with mill.stopped(mill.pids("worker")[0]):
        mill.drop(photo, "mono", "a.png")
        wait_until(lambda: "mono  a.png: 0 of 1 tiles (whole), computes the pixels\n" in status_of(mill), lambda: status_of(mill))
        mill.drop(photo, "mono", "a.bmp")
        wait_until(lambda: standing(mill, "a.png"), lambda: f"one that waits for the name: {mill.jobs()}")
        assert "mono  a.bmp: queued\n         waits: " in status_of(mill)
        late = "no worker takes tasks: the newest one is late with its heartbeat"
        wait_until(lambda: [job["source"] for job in standing(mill, late)] == ["a.png"], lambda: f"a late worker: {mill.jobs()}")
        assert f"mono  a.png: 0 of 1 tiles (whole)\n         waits: {late}\n" in status_of(mill)
    mill.wait_idle(done=2, failed=0)
    mill.stop()


def test_what_is_done_is_told_in_its_order(make_mill, pictures):
    """A WebP is encoded when its last tile is there: the phases of one tiled picture, as they are told meanwhile."""
    mill = make_mill({"mono": "steps: [grayscale]\noutputs: [{name: \"{stem}.webp\", effort: 6}]\n"}).start(workers=1, tile=128)
    mill.drop(pictures.picture(width=2001, height=1503, ending=".png"), "mono", "a.png")
    told = []

    def over():
        (job,) = mill.jobs() or [{"state": "none", "doing": None}]
        if job["doing"] and job["doing"] not in told:
            told.append(job["doing"])
        return job["state"] == "done"

    wait_until(over, lambda: f"done; told so far: {told}", step=0.002)
    assert [words for words in told if words in ("computes the pixels", "writes the file")] == ["computes the pixels", "writes the file"], told
    mill.stop()


def test_who_waits_for_a_free_worker_says_so(make_mill, photo):
    """A worker that stops holds some pictures; the others that were begun have nobody."""
    mill = make_mill({"mono": CHAIN}).start(workers=1)
    with mill.stopped(mill.pids("worker")[0]):
        for number in range(20):
            mill.drop(photo, "mono", f"{number}.png")
        wait_until(lambda: {"computes the pixels", "waits for a free worker", "waits for its turn"} <= {job["doing"] for job in mill.jobs()},
                   lambda: f"all three: {[(job['source'], job['doing']) for job in mill.jobs()]}", 8)
    mill.wait_idle(done=20, failed=0)
    mill.stop()


def test_no_worker_and_no_broker_are_causes(cluster, photo):
    """Named while they last, in place of what is done; then the picture goes on."""
    master = cluster({"mono": CHAIN})
    master.worker.stop()
    master.drop(photo, "mono", "a.png")
    wait_until(lambda: "(whole)\n         waits: no worker is running\n" in status_of(master), lambda: status_of(master))
    broker = master.brokers.process.pid
    with master.stopped(broker):
        wait_until(lambda: "(whole)\n         waits: the broker is down\n" in status_of(master), lambda: status_of(master), 60)
    master.worker.launch("worker", brokers=master.brokers)
    master.wait_output("mono", "a.png")
