# SPDX-License-Identifier: GPL-2.0-or-later
"""Garbage on every topic, sent with kcat to the broker of a running mill: counted, skipped, and the mill goes on."""
import json
import os
import random
import subprocess

from conftest import MONO
from waiting import PATIENCE, wait_until

LEASE = {"v": 1, "type": "result", "job": "nobody-1", "serial": 5, "tile": 0, "attempt": 1, "worker": "stranger"}
RESULT = {**LEASE, "status": "ok", "compute_us": 1, "message": "", "report": "{}"}


def send(mill, topic, value, headers=None, partition=0):
    words = ["kcat", "-P", "-q", "-b", mill.status()["broker"]["servers"], "-t", topic, "-p", str(partition)]
    words += ["-X", "message.max.bytes=20000000"]
    for name, text in (headers or {}).items():
        words += ["-H", f"{name}={text}"]
    if not value:
        # An empty line is an empty message.
        subprocess.run([*words, "-Z"], input=b"\n", check=True, timeout=30 * PATIENCE, capture_output=True)
        return
    path = mill.path("stage", "record")
    with open(path, "wb") as file:
        file.write(value)
    # A file given by name is one message, whatever is in it.
    subprocess.run([*words, path], check=True, timeout=30 * PATIENCE, capture_output=True)
    os.unlink(path)


def without(headers, *names):
    return {name: text for name, text in headers.items() if name not in names}


def garbage():
    """(topic, value, headers): each malformed in its own way."""
    dice = random.Random(7)
    noise = dice.randbytes(3000)
    for topic in ("results", "heartbeats"):
        yield topic, noise, {}
        yield topic, b"{}", {"v": 2, "type": topic.rstrip("s")}
        yield topic, b"x", {"v": 99999999999999999999, "type": topic.rstrip("s")}
        yield topic, b"x", {"v": 1, "type": "task"}
        yield topic, noise * 200, {"v": 1, "type": topic.rstrip("s")}
    for name in RESULT:
        yield "results", b"x", without(RESULT, name)
    yield "results", b"x", {**RESULT, "job": "../../etc/passwd"}
    yield "results", b"x", {**RESULT, "tile": -1}
    yield "results", b"x", {**RESULT, "serial": 2**40}
    yield "results", b"x", {**RESULT, "report": "{" * 500}
    yield "results", b"x", {**RESULT, "part": 5, "parts": 3, "bytes": 1}
    yield "results", b"x", {**RESULT, "part": 0, "parts": 99999999, "bytes": 1}
    yield "results", b"x", {**RESULT, "part": 0, "parts": 2, "bytes": 2**63}
    yield "heartbeats", json.dumps({"id": "a b", "pid": -4}).encode(), {"v": 1, "type": "heartbeat"}
    yield "heartbeats", b"[" * 10000, {"v": 1, "type": "heartbeat"}


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_garbage_on_the_masters_topics_is_counted_and_skipped(make_mill, pictures):
    mill = make_mill({"mono": MONO}).start(workers=1)
    before = resident_bytes(mill.process.pid)
    sent = list(garbage())
    for record in sent:
        send(mill, *record)
    wait_until(lambda: mill.status()["records_refused"] == len(sent), lambda: f"{len(sent)} refused; {mill.status()}")
    lines = [line for line in mill.lines if " refused: " in line]
    assert 1 <= len(lines) <= 7, mill.log()  # the number doubles from line to line
    assert resident_bytes(mill.process.pid) < before + (64 << 20)
    mill.drop(pictures.picture(width=300, height=200), "mono", "a.png")
    mill.wait_output("mono", "a.png")
    mill.stop()


def test_garbage_on_tasks_leaves_the_worker_alive(make_mill, pictures):
    mill = make_mill({"mono": MONO}).start(workers=1)
    worker = mill.pids("worker")
    task = {**LEASE, "type": "task", "kind": "whole", "plane": "shm", "output": 0}
    send(mill, "tasks", b"noise", {})
    send(mill, "tasks", b"", {**task, "v": 2, "spec": "{}"})
    send(mill, "tasks", b"", {**task, "spec": "no JSON"})
    send(mill, "tasks", b"", {**task, "spec": "{}"})
    send(mill, "tasks", b"", {**task, "spec": json.dumps({"path": "/etc/passwd", "steps": [{"no_such": {}}], "outputs": []})})
    mill.drop(pictures.picture(width=300, height=200), "mono", "a.png")
    mill.wait_output("mono", "a.png")
    assert mill.pids("worker") == worker, mill.log()
    assert "task refused: malformed task" in mill.log()
    mill.stop()


def test_results_that_nobody_asked_for_change_nothing(make_mill, pictures):
    mill = make_mill({"mono": MONO}).start(workers=1)
    mill.drop(pictures.picture(width=300, height=200, seed=4), "mono", "a.png")
    path = mill.wait_output("mono", "a.png")
    mill.wait_idle(done=1)
    with open(path, "rb") as file:
        good = file.read()
    job = mill.jobs()[0]["id"]
    duplicates = mill.status()["tiles"]["duplicate"]
    send(mill, "results", b"pixels", RESULT)
    send(mill, "results", b"pixels", {**RESULT, "job": job})
    report = json.dumps({"outputs": [{"temp": path, "bytes": 6, "width": 1, "height": 1}]})
    send(mill, "results", b"x", {**RESULT, "job": job, "report": report})
    wait_until(lambda: mill.status()["tiles"]["duplicate"] == duplicates + 3, lambda: f"three dropped; {mill.status()}")
    assert mill.status()["jobs"]["done"] == 1
    with open(path, "rb") as file:
        assert file.read() == good
    mill.stop()
