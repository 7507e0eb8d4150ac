# SPDX-License-Identifier: GPL-2.0-or-later
"""The same mill on a real Apache Kafka: roles apart, pixels inline, faults of workers and broker, topics."""
import json
import os
import re
import subprocess

import pytest

from broker import grow
from trouble import HOOKS
from waiting import PATIENCE, stays, wait_until

PIPELINE = {"big": "steps: [grayscale, {blur: 3}]\noutputs: [{name: \"{stem}.jpg\", quality: 85}]\n"}
STEPS = ["grayscale", "blur:sigma=3"]
TOPICS = ("tasks", "results", "heartbeats", "dead-letters")
LONG = 180
ASK_CODEC_BYTES = 3 << 20  # src/definition/lanes.h


@pytest.fixture
def large(pictures):
    return pictures.picture(width=5001, height=4003, ending=".jpg", seed=41)


@pytest.fixture
def clean_topics(make_mill, kafka, prefix):
    """The prefix, whose topics are removed after the test: the broker serves the whole session."""
    yield prefix
    topics(make_mill(), "delete", kafka.address, prefix, "--yes")


def topics(mill, action, brokers, prefix, *more):
    command = [mill.binary, "topics", action, "--brokers", brokers, "--topic-prefix", prefix, *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=90 * PATIENCE, cwd=mill.folder,
                          env=mill.environment(), stdin=subprocess.DEVNULL)


def check(mill, pictures, source, name="large.jpg"):
    wanted = pictures.reference(source, STEPS, ".jpg", quality=85)
    pictures.assert_same(mill.wait_output("big", name, seconds=LONG), wanted, mill.folder)


def live(mill, count):
    """Live, and each with its share of the partitions: until the group has settled, one worker holds them all."""
    def settled():
        workers = [worker for worker in mill.workers() if worker["state"] == "live"]
        return len(workers) == count and all(worker["partitions"] for worker in workers)

    wait_until(settled, lambda: f"{count} live workers with partitions: {mill.workers()}", 60)


def in_the_middle(mill, low=0.1):
    def part_done():
        return any(job["tiles"]["total"] and job["tiles"]["done"] > low * job["tiles"]["total"]
                   for job in mill.jobs("&state=running"))

    wait_until(part_done, lambda: f"a job in the middle; {mill.jobs()}\n{mill.log()}", 60, 0.005)


def test_run_on_kafka_creates_its_topics(make_mill, kafka, clean_topics, pictures, large):
    mill = make_mill(PIPELINE).start(workers=2, brokers=kafka.address, topic_prefix=clean_topics)
    assert mill.status()["broker"] == {**mill.status()["broker"], "kind": "kafka", "state": "up"}
    mill.drop(large, "big", "large.jpg")
    check(mill, pictures, large)
    mill.wait_idle(done=1, failed=0)
    said = topics(mill, "describe", kafka.address, clean_topics)
    assert said.returncode == 0, said.stderr
    for name in TOPICS:
        assert clean_topics + name in said.stdout
    mill.stop()


@pytest.mark.parametrize("payload", ["auto", "inline"])
def test_roles_apart(make_mill, kafka, clean_topics, pictures, large, payload):
    master, one, two = make_mill(PIPELINE), make_mill(), make_mill()
    assert topics(master, "create", kafka.address, clean_topics, "--partitions", "4").returncode == 0
    common = {"brokers": kafka.address, "topic_prefix": clean_topics}
    master.start("master", payload=payload, tile=512, **common)
    one.launch("worker", **common)
    two.launch("worker", **common)
    live(master, 2)
    small = pictures.picture(width=640, height=480, ending=".jpg", seed=4)
    master.drop(large, "big", "large.jpg")
    for i in range(20):
        master.drop(small, "big", f"s{i}.jpg")
    check(master, pictures, large)
    for i in range(20):
        check(master, pictures, small, f"s{i}.jpg")
    master.wait_idle(done=21, failed=0)
    workers = master.workers()
    assert {worker["plane"] for worker in workers} == {"inline" if payload == "inline" else "shm"}
    assert all(worker["tiles_done"] > 0 for worker in workers), workers
    held = [part for worker in workers for part in re.findall(r"\d+", str(worker["partitions"]))]
    assert sorted(held) == ["0", "1", "2", "3"], "the group shares the partitions"
    for mill in (one, two, master):
        mill.stop()


def test_a_large_file_is_sent_whole_where_that_is_faster(make_mill, kafka, clean_topics, pictures):
    """The first one is cut and measured; then the file goes to one worker, and to the other when that one dies."""
    large = pictures.picture(width=7001, height=5003, ending=".jpg", seed=31)
    mill = make_mill(PIPELINE).start(workers=2, brokers=kafka.address, topic_prefix=clean_topics, payload="inline")
    live(mill, 2)
    for number in range(6):
        mill.drop(large, "big", f"l{number}.jpg")
        check(mill, pictures, large, f"l{number}.jpg")
        if "its file is much smaller than its pixels" in mill.log():
            break
    lanes = [job["lane"] for job in mill.jobs()]
    assert lanes[-1] == "tiled" and lanes[0] == "whole", f"{lanes}\n{mill.log()}"
    # So is one that its worker handed back, since no codec had looked at so small a file.
    light = pictures.reference(large, ["blur:sigma=20"], ".jpg", quality=30)
    assert os.path.getsize(light) < ASK_CODEC_BYTES
    mill.drop(light, "big", "light.jpg")
    check(mill, pictures, light, "light.jpg")
    assert "a large picture" in mill.log()
    lanes.append("whole")
    assert next(job for job in mill.jobs() if job["source"] == "light.jpg")["lane"] == "whole", mill.log()
    one, two = mill.pids("worker")
    with mill.stopped(one), mill.stopped(two):
        wait_until(lambda: not any(worker["leases"] for worker in mill.workers()), "nothing to be given out")
        mill.drop(large, "big", "again.jpg")
        has_it = wait_until(lambda: [worker["pid"] for worker in mill.workers() if worker["leases"]], "one who has it", 30)
        mill.kill(has_it[0])
    check(mill, pictures, large, "again.jpg")
    mill.wait_idle(done=len(lanes) + 1, failed=0)
    assert "1 tasks taken back" in mill.log()
    mill.stop()


def test_kill_a_worker_with_inline_pixels(make_mill, kafka, clean_topics, pictures, large):
    master, one, two = make_mill(PIPELINE), make_mill(), make_mill()
    common = {"brokers": kafka.address, "topic_prefix": clean_topics}
    master.start("master", payload="inline", tile=256, **common)
    one.launch("worker", **common)
    two.launch("worker", **common)
    live(master, 2)
    master.drop(large, "big", "large.jpg")
    in_the_middle(master)
    pid, seen = one.pids("worker")[0], master.status()["sequence"]
    with one.stopped(pid):
        # What it has in its hand now, it will never finish; the other may have been given it already.
        wait_until(lambda: (status := master.status())["sequence"] > seen + 1 and
                   (status["tiles"]["reissued"] or any(worker["pid"] == pid and worker["leases"] for worker in master.workers())),
                   "tiles in its hand")
        one.abandon()  # kill -9 of the worker and of what would start it again
    check(master, pictures, large)
    status = master.wait_idle(done=1, failed=0)
    # Nobody tells of its death but its silence; whoever has nothing to do may have been given all of it before that.
    assert status["tiles"]["retried"] + status["tiles"]["reissued"] > 0
    wait_until(lambda: master.status()["workers"]["live"] == 1, "the dead worker to be late or gone", 30)
    job = master.jobs()[0]
    assert job["tiles"]["done"] == job["tiles"]["total"]


def test_a_stopped_worker_keeps_nobody_waiting(make_mill, kafka, clean_topics, pictures, large):
    """Its silence means nothing to this master for ten minutes: who has nothing to do gets its tiles as well."""
    master, one, two = make_mill(PIPELINE, HOOKS), make_mill(), make_mill()
    common = {"brokers": kafka.address, "topic_prefix": clean_topics}
    master.start("master", payload="inline", tile=256, env={"DROPMILL_TEST_GONE_MS": "600000"}, **common)
    one.launch("worker", **common)
    two.launch("worker", **common)
    live(master, 2)
    master.drop(large, "big", "large.jpg")
    in_the_middle(master)
    late = one.pids("worker")[0]
    with one.stopped(late):
        check(master, pictures, large)
        status = master.wait_idle(done=1, failed=0)
    assert status["tiles"]["reissued"] > 0 and status["tiles"]["retried"] == 0
    wait_until(lambda: master.status()["tiles"]["duplicate"] > 0, lambda: f"its answers; {master.status()}", 60)
    assert all(worker["breaker"]["state"] == "closed" for worker in master.workers())
    one.abandon()  # librdkafka takes its time to leave a group
    two.abandon()


def test_workers_may_join_later(make_mill, kafka, clean_topics, pictures):
    """A master without workers waits with its jobs; they start when a worker comes."""
    small = pictures.picture(width=640, height=480, ending=".jpg", seed=4)
    master, late = make_mill(PIPELINE), make_mill()
    common = {"brokers": kafka.address, "topic_prefix": clean_topics}
    master.start("master", **common)
    master.drop(small, "big", "w.jpg")
    wait_until(lambda: master.status()["jobs"]["queued"] + master.status()["jobs"]["running"] == 1, "the job to wait", 20)
    late.launch("worker", count=2, **common)
    check(master, pictures, small, "w.jpg")
    live(master, 2)
    assert len(late.pids("worker")) == 2


def test_topics_may_grow_under_a_running_master(make_mill, kafka, clean_topics, pictures):
    """A worker that starts then answers in a partition, and may hold one, that the master did not know."""
    small = pictures.picture(width=640, height=480, ending=".jpg", seed=4)
    master, worker = make_mill(PIPELINE), make_mill()
    common = {"brokers": kafka.address, "topic_prefix": clean_topics}
    assert topics(master, "create", kafka.address, clean_topics, "--partitions", "1").returncode == 0
    master.start("master", payload="inline", **common)
    grow(kafka.address, clean_topics + "heartbeats", 3)
    grow(kafka.address, clean_topics + "results", 40)
    grow(kafka.address, clean_topics + "tasks", 2)
    wait_until(lambda: all(f"{name} has {count} partitions now" in master.log() for name, count in (("results", 40), ("heartbeats", 3))),
               master.log, 30)
    worker.launch("worker", count=2, **common)
    live(master, 2)
    for number in range(8):
        master.drop(small, "big", f"g{number}.jpg")
    for number in range(8):
        check(master, pictures, small, f"g{number}.jpg")
    assert master.wait_idle(done=8, failed=0)["tiles"]["retried"] == 0
    assert all(worker["tiles_done"] > 0 for worker in master.workers()), master.workers()


def test_broker_down_at_start(make_mill, own_kafka, pictures):
    """The mill waits, says so, and goes on when it is there."""
    small = pictures.picture(width=640, height=480, ending=".jpg", seed=4)
    address = own_kafka.reserve()
    mill = make_mill(PIPELINE).launch(workers=1, brokers=address)
    wait_until(lambda: any(address in line for line in mill.lines), "a line that names the broker", 30)
    assert mill.running(), mill.log()
    # To stop while it waits is no failure.
    mill.stop()
    mill = mill.launch(workers=1, brokers=address)
    wait_until(lambda: any(address in line for line in mill.lines), "a line that names the broker", 30)
    mill.drop(small, "big", "early.jpg")
    own_kafka.start()
    mill.wait_ready(60)
    mill.drop(small, "big", "d.jpg")
    check(mill, pictures, small, "early.jpg")
    check(mill, pictures, small, "d.jpg")
    a_broker_that_hangs(mill, own_kafka)
    mill.drop(small, "big", "e.jpg")
    check(mill, pictures, small, "e.jpg")


def a_broker_that_hangs(mill, broker):
    """It keeps its connections, and says nothing: no worker is blamed for the silence, for however long."""
    workers = mill.pids("worker")
    with mill.stopped(broker.pid()):
        wait_until(lambda: mill.status()["broker"]["state"] == "down", "the page to say that the broker is down", 60)
        stays(lambda: mill.pids("worker") == workers, mill.log, 8)
    wait_until(lambda: mill.status()["broker"]["state"] == "up", lambda: f"the broker to be up: {mill.status()}", 60)
    assert mill.pids("worker") == workers, mill.log()


def test_broker_killed_and_restarted(make_mill, own_kafka, pictures, large):
    own_kafka.start()
    mill = make_mill(PIPELINE).start(workers=2, brokers=own_kafka.address, payload="inline", tile=256)
    mill.drop(large, "big", "large.jpg")
    in_the_middle(mill)
    own_kafka.kill()
    wait_until(lambda: mill.status()["broker"]["state"] == "down", "the page to say that the broker is down", 60)
    assert mill.get("/readyz")[0] != 200 and mill.get("/healthz")[0] == 200
    own_kafka.start()
    check(mill, pictures, large)
    mill.wait_idle(done=1, failed=0, seconds=LONG)
    assert mill.status()["broker"]["state"] == "up"


def test_topics_deleted_under_a_running_mill(make_mill, kafka, clean_topics, pictures, large):
    """The mill makes them again, as many partitions as they had, says so, and what was in work comes out."""
    mill = make_mill(PIPELINE)
    assert topics(mill, "create", kafka.address, clean_topics, "--partitions", "5").returncode == 0
    mill.start(workers=2, brokers=kafka.address, topic_prefix=clean_topics, payload="inline", tile=256)
    mill.drop(large, "big", "large.jpg")
    in_the_middle(mill)
    gone = topics(mill, "delete", kafka.address, clean_topics, "--yes")
    assert gone.returncode == 0, gone.stderr
    check(mill, pictures, large)
    mill.wait_idle(done=1, failed=0, seconds=LONG)
    # Said when the broker has told that they are there, which what was in work need not wait for.
    wait_until(lambda: any("topics" in line and "made again" in line for line in mill.lines), mill.log, 30)
    small = pictures.picture(width=640, height=480, ending=".jpg", seed=4)
    mill.drop(small, "big", "after.jpg")
    check(mill, pictures, small, "after.jpg")
    told = topics(mill, "describe", kafka.address, clean_topics).stdout
    assert re.search(rf"{clean_topics}tasks\W+5\b", told), told


def test_topics_create_describe_delete(make_mill, kafka, prefix):
    mill = make_mill()
    made = topics(mill, "create", kafka.address, prefix, "--partitions", "3", "--retention", "30m", "--max-message", "4M")
    assert made.returncode == 0, made.stderr
    again = topics(mill, "create", kafka.address, prefix)
    assert again.returncode == 0, again.stderr
    told = topics(mill, "describe", kafka.address, prefix)
    assert told.returncode == 0, told.stderr
    rows = {name: line for line in told.stdout.splitlines() for name in TOPICS if prefix + name in line}
    assert set(rows) == set(TOPICS), told.stdout
    assert re.search(r"\b3\b", rows["tasks"]) and re.search(r"\b3\b", rows["results"])
    assert re.search(r"\b1\b", rows["heartbeats"]) and re.search(r"\b1\b", rows["dead-letters"])
    listing = subprocess.run(["kcat", "-L", "-b", kafka.address], capture_output=True, text=True, check=True, timeout=60)
    for name in TOPICS:
        assert f'topic "{prefix}{name}"' in listing.stdout
    refused = topics(mill, "delete", kafka.address, prefix)
    assert refused.returncode != 0 and "--yes" in refused.stderr
    gone = topics(mill, "delete", kafka.address, prefix, "--yes")
    assert gone.returncode == 0, gone.stderr
    wait_until(lambda: prefix not in subprocess.run(["kcat", "-L", "-b", kafka.address], capture_output=True, text=True,
                                                    check=True, timeout=60).stdout, "the topics to be gone", 20)


def test_topics_of_a_broker_that_is_not_there(make_mill):
    done = topics(make_mill(), "describe", "127.0.0.1:1", "")
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1 and "127.0.0.1:1" in lines[0], done.stderr


@pytest.mark.parametrize("words", [[], ["invent"], ["create", "--partitions", "none"], ["describe"]])
def test_topics_usage(make_mill, words):
    mill = make_mill()
    done = subprocess.run([mill.binary, "topics", *words], capture_output=True, text=True, check=False,
                          timeout=30 * PATIENCE, cwd=mill.folder, env=mill.environment(), stdin=subprocess.DEVNULL)
    assert done.returncode == 2, (done.returncode, done.stderr)


def test_records_are_readable_with_kcat(make_mill, kafka, clean_topics, pictures):
    """Kafka carries coordination that people can read: a heartbeat is JSON, a task's headers are text."""
    small = pictures.picture(width=640, height=480, ending=".jpg", seed=4)
    mill = make_mill(PIPELINE).start(workers=1, brokers=kafka.address, topic_prefix=clean_topics)
    mill.drop(small, "big", "k.jpg")
    check(mill, pictures, small, "k.jpg")

    def read(topic, form):
        return subprocess.run(["kcat", "-C", "-q", "-e", "-b", kafka.address, "-t", clean_topics + topic, "-f", form],
                              capture_output=True, check=True, timeout=60).stdout.decode(errors="replace")

    beats = [json.loads(line) for line in read("heartbeats", "%s\n").splitlines()]
    names = {"id", "host", "pid", "state", "done", "failed", "partitions", "lag", "planes", "vips", "test_hash"}
    assert beats and all(names <= set(beat) for beat in beats), beats[:1]
    tasks = read("tasks", "%h\n").splitlines()
    results = read("results", "%h\n").splitlines()
    job = mill.jobs()[0]["id"]
    assert any(job in line for line in tasks), tasks
    assert any(job in line for line in results), results
