# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever dies, every dropped file ends as exactly one correct output, or in _failed/ with the reason."""
import fcntl
import os
import signal
import sqlite3

import pytest

from waiting import PATIENCE, stays, wait_until

STEPS = ["grayscale", "blur:sigma=3"]
PIPELINE = {"big": "steps: [grayscale, {blur: 3}]\noutputs: [{name: \"{stem}.jpg\", quality: 85}]\n"}
LONG = 180  # s; leases have to run out


@pytest.fixture
def large(pictures):
    """Large enough to be killed in the middle: 35 megapixels in small tiles are many hundred tasks."""
    return pictures.picture(width=7001, height=5003, ending=".jpg", seed=31)


def in_the_middle(mill, low=0.1):
    """Waits until a tiled job runs and a part of it is done; the job."""

    def part_done():
        for job in mill.jobs("&state=running"):
            tiles = job["tiles"]
            if job["lane"] == "tiled" and tiles["total"] and tiles["done"] > low * tiles["total"]:
                return job
        assert not mill.jobs("&state=done"), "too fast to be killed in the middle: take a larger picture"
        return None

    return wait_until(part_done, lambda: f"a job in the middle; {mill.jobs()}\n{mill.log()}", 60, 0.005)


def check(mill, pictures, source, name="large.jpg"):
    wanted = pictures.reference(source, STEPS, ".jpg", quality=85)
    pictures.assert_same(mill.wait_output("big", name, seconds=LONG), wanted, mill.folder)


def once(mill, done=1, failed=0):
    """The counts are right, and the original is archived once."""
    status = mill.wait_idle(done=done, failed=failed, seconds=60)
    wait_until(lambda: len(os.listdir(mill.inbox("big", "_done"))) == done, "the originals in _done")
    assert not os.path.exists(mill.inbox("big", ".dropmill")) or not os.listdir(mill.inbox("big", ".dropmill"))
    return status


@pytest.mark.parametrize("plane", ["shm", "inline"])
def test_kill_a_worker_in_the_middle(make_mill, pictures, large, plane):
    mill = make_mill(PIPELINE).start(workers=2, tile=128, payload=plane)
    mill.drop(large, "big", "large.jpg")
    in_the_middle(mill)
    victim = mill.pids("worker")[0]
    mill.kill(victim)
    check(mill, pictures, large)
    status = once(mill)
    job = mill.jobs()[0]
    assert job["tiles"]["done"] == job["tiles"]["total"]
    assert status["tiles"]["retried"] + status["tiles"]["reissued"] > 0, "a killed worker held tiles; they were published again"
    wait_until(lambda: mill.status()["workers"]["live"] == 2, "the worker's successor", 30)
    assert victim not in mill.pids("worker")


def test_kill_every_worker_again_and_again(make_mill, pictures, large):
    mill = make_mill(PIPELINE).start(workers=2, tile=256)
    mill.drop(large, "big", "large.jpg")
    for part in (0.05, 0.2, 0.4):
        in_the_middle(mill, part)
        for pid in mill.pids("worker"):
            mill.kill(pid)
    check(mill, pictures, large)
    once(mill)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stopped_worker_that_comes_back_late_does_no_harm(make_mill, pictures, large, workers):
    """What it then writes must not reach the picture. Two: the other gets its tiles as well. One: SIGSTOP for longer than its lease."""
    mill = make_mill(PIPELINE).start(workers=workers, tile=128)
    mill.drop(large, "big", "large.jpg")
    in_the_middle(mill)
    zombie = mill.pids("worker")[0]
    with mill.stopped(zombie):
        check(mill, pictures, large)
    mill.drop(large, "big", "again.jpg")
    check(mill, pictures, large, "again.jpg")
    once(mill, done=2)


def test_kill_the_codec(make_mill, pictures, large):
    mill = make_mill(PIPELINE).start(workers=2, tile=128)
    mill.drop(large, "big", "large.jpg")
    in_the_middle(mill)
    for pid in mill.pids("codec"):
        mill.kill(pid)
    check(mill, pictures, large)
    once(mill)


def test_a_spare_codec_waits_and_may_die(make_mill, pictures, large):
    """It is started when a large picture is done, takes the next one, is missed by nobody, and ends with the mill."""
    mill = make_mill(PIPELINE).start(workers=2, tile=128)
    assert not mill.pids("codec")
    mill.drop(large, "big", "first.jpg")
    check(mill, pictures, large, "first.jpg")
    spare = wait_until(lambda: mill.pids("codec"), "a spare codec")
    mill.drop(large, "big", "second.jpg")
    check(mill, pictures, large, "second.jpg")
    wait_until(lambda: mill.pids("codec") and not set(mill.pids("codec")) & set(spare), "the spare one to be used, and another to wait")
    for pid in mill.pids("codec"):
        mill.kill(pid)
    wait_until(lambda: not mill.pids("codec"), "no codec")
    mill.drop(large, "big", "third.jpg")
    check(mill, pictures, large, "third.jpg")
    assert "starts over" not in mill.log()
    once(mill, done=3)
    wait_until(lambda: mill.pids("codec"), "a spare codec")
    mill.stop()
    assert not mill.pids("codec")


def test_a_stopped_codec_stops_nothing_else(make_mill, pictures):
    """What is to be told to it waits for it, a thousand lines; the master does not."""
    large = pictures.picture(width=12001, height=1203, ending=".jpg", seed=32)
    small = pictures.picture(width=200, height=150, seed=3, ending=".jpg")
    mill = make_mill(PIPELINE).start(workers=2, tile=32)
    mill.drop(large, "big", "large.jpg")
    in_the_middle(mill, 0.05)
    codec = mill.pids("codec")[0]
    with mill.stopped(codec):
        wait_until(lambda: mill.status()["tiles"]["running"] == 0, "what was given out to come back", 60)
        mill.drop(small, "big", "small.jpg")
        check(mill, pictures, small, "small.jpg")
    check(mill, pictures, large)
    once(mill, done=2)


def test_kill_the_master_and_start_again(make_mill, pictures, large):
    """The claim in the inbox is the record: the next run finishes it, and leaves nothing of the first behind."""
    mill = make_mill(PIPELINE).start(workers=2, tile=128)
    mill.drop(large, "big", "large.jpg")
    in_the_middle(mill)
    mill.kill_master()
    assert not os.path.exists(mill.out("big", "large.jpg"))
    claims = os.listdir(mill.inbox("big", ".dropmill"))
    assert len(claims) == 1
    mill.start(workers=2)
    check(mill, pictures, large)
    once(mill)
    mill.stop()


def test_temporary_files_go_with_their_mill(make_mill, pictures):
    """What its killed processes left, too; never what another mill uses, or what is not dropmill's."""
    small = pictures.picture(width=200, height=150, seed=3, ending=".jpg")
    mill = make_mill(PIPELINE).start(workers=1)
    (first,) = os.listdir(mill.path("tmp"))
    os.mkdir(mill.path("tmp", first, "dropmill-pyramid-killed"))
    with open(mill.path("tmp", first, "dropmill-pyramid-killed", "0_0.jpeg"), "wb") as file:
        file.write(b"of a worker that was killed")
    mill.kill_master()
    assert os.listdir(mill.path("tmp")) == [first]
    others = [mill.path("tmp", name) for name in ("dropmill-tmp-others", "of-nobody")]
    for other in others:
        os.mkdir(other)
    used = os.open(others[0], os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(used, fcntl.LOCK_EX)
    mill.start(workers=1)
    there = os.listdir(mill.path("tmp"))
    assert first not in there and len(there) == 3, there
    assert {os.path.basename(other) for other in others} < set(there)
    mill.drop(small, "big", "s.jpg")
    check(mill, pictures, small, "s.jpg")
    os.close(used)
    for other in others:
        os.rmdir(other)
    mill.stop()


def test_kill_the_master_under_many_small_files(make_mill, pictures):
    small = pictures.picture(width=200, height=150, seed=3, ending=".jpg")
    mill = make_mill(PIPELINE).start(workers=2)
    names = [f"s{i:03}.jpg" for i in range(150)]
    for name in names:
        mill.drop(small, "big", name)
    wait_until(lambda: len(outputs(mill)) > 20, "some outputs", 30, 0.002)
    mill.kill_master()
    mill.start(workers=2)
    for name in names:
        check(mill, pictures, small, name)
    wait_until(lambda: len(os.listdir(mill.inbox("big", "_done"))) == len(names), "every original in _done", 60)
    mill.stop()
    assert sorted(outputs(mill)) == names


def outputs(mill):
    try:
        return [name for name in os.listdir(mill.out("big")) if not name.startswith(".")]
    except FileNotFoundError:
        return []


def test_sigterm_drains(make_mill, pictures, large):
    """SIGTERM in the middle: the job in hand is finished, or its claim is finished by the next run; one that waits stays claimable."""
    mill = make_mill(PIPELINE).start(workers=2, tile=128)
    names = ["one.jpg", "two.jpg", "three.jpg"]
    for name in names:
        mill.drop(large, "big", name)
    in_the_middle(mill)
    mill.stop(seconds=120)
    done = outputs(mill)
    held = sum(len(files) for _, _, files in os.walk(mill.inbox("big")))
    assert held == len(names), f"{held} originals for {len(names)} files; outputs {done}"
    mill.start(workers=2)
    for name in names:
        check(mill, pictures, large, name)
    wait_until(lambda: len(os.listdir(mill.inbox("big", "_done"))) == len(names), "every original in _done", 60)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_sigterm_does_not_wait_for_what_has_to_wait(make_mill, pictures, small_disk):
    """A job in hand that turns out to need patience goes back to the queue: it stays claimed, and the mill ends without it."""
    small = pictures.picture(width=200, height=150, seed=3, ending=".jpg")
    mill = make_mill(PIPELINE).start(workers=1)
    worker = mill.pids("worker")[0]
    wait_until(lambda: mill.workers()[0]["partitions"], "a worker that can be given tasks", 30)
    mill.kill(worker, signal.SIGSTOP)
    mill.drop(small, "big", "w.jpg")
    wait_until(lambda: mill.status()["tiles"]["running"] == 1, lambda: f"the task to be given out: {mill.status()}", 30)
    small_disk(mill.out("big"), options="ro")
    mill.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "finishing 1 jobs" in mill.log(), "a word of draining", 30)
    mill.kill(worker, signal.SIGCONT)
    mill.process.wait(30 * PATIENCE)
    mill.check_clean()
    small_disk.take_away(mill.out("big"))
    mill.start(workers=1)
    check(mill, pictures, small, "w.jpg")
    once(mill)


def test_a_second_sigterm_stops_at_once(make_mill, large):
    mill = make_mill(PIPELINE).start(workers=2, tile=128)
    mill.drop(large, "big", "large.jpg")
    in_the_middle(mill)
    mill.process.send_signal(signal.SIGTERM)
    wait_until(lambda: mill.process.poll() is not None or any("stop" in line or "drain" in line or "finish" in line
                                                              for line in mill.lines), "a word of draining", 10)
    mill.process.send_signal(signal.SIGTERM)
    mill.process.wait(10 * PATIENCE)
    wait_until(lambda: not mill.pids(), lambda: f"no process left: {mill.describe()}", 10)


def test_a_history_that_another_holds_is_waited_for(make_mill, pictures):
    """Before there are workers: one that came while the start waited ended the mill."""
    small = pictures.picture(width=200, height=150, seed=3, ending=".jpg")
    mill = make_mill(PIPELINE).start(workers=1)
    mill.stop()
    with sqlite3.connect(mill.path("state", "history.db"), isolation_level=None) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        mill.launch(workers=1)
        wait_until(lambda: "waits for it" in mill.log(), lambda: f"a word of waiting: {mill.log()}", 60)
        stays(lambda: mill.running() and "ready" not in mill.log(), mill.log, 1.5)
    holder.close()
    mill.wait_ready(60)
    mill.drop(small, "big", "w.jpg")
    check(mill, pictures, small, "w.jpg")
    once(mill)


def test_sigint_is_like_sigterm(mill):
    mill.process.send_signal(signal.SIGINT)
    mill.process.wait(30 * PATIENCE)
    assert mill.process.returncode == 0
    mill.check_clean()


def test_an_idle_mill_that_stops_leaves_nothing(make_mill):
    mill = make_mill(PIPELINE).start(workers=5)
    assert len(mill.pids("worker")) == 5
    mill.stop(seconds=10)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_out_not_writable_is_waited_for(make_mill, pictures, small_disk):
    """A temporary fault is not the file's fault: it waits, is not failed, and comes out when the fault has passed."""
    small = pictures.picture(width=200, height=150, seed=3, ending=".jpg")
    mill = make_mill(PIPELINE).start(workers=1)
    blocked = mill.out("big")
    os.makedirs(blocked, exist_ok=True)
    small_disk(blocked, options="ro")
    mill.drop(small, "big", "w.jpg")
    wait_until(lambda: any(blocked in line for line in mill.lines), "the folder named in the log", 30)
    assert mill.reason("big", "w.jpg") is None
    small_disk.take_away(blocked)
    check(mill, pictures, small, "w.jpg")
    once(mill)


@pytest.mark.parametrize("who", ["worker", "codec"])
def test_the_drain_has_an_end(make_mill, pictures, large, who):
    """Somebody who never answers does not keep the mill from ending; what is in hand is finished at the next start."""
    mill = make_mill(PIPELINE).start(workers=1, tile=128, drain_seconds=2)
    mill.drop(large, "big", "large.jpg")
    in_the_middle(mill)
    mill.kill(mill.pids(who)[0], signal.SIGSTOP)
    mill.process.send_signal(signal.SIGTERM)
    assert mill.process.wait(20 * PATIENCE) == 0
    assert "stay claimed" in mill.log() and os.listdir(mill.inbox("big", ".dropmill"))
    mill.start(workers=2)
    check(mill, pictures, large)
    once(mill)
