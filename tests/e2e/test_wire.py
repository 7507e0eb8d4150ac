# SPDX-License-Identifier: GPL-2.0-or-later
"""Garbage on every topic, sent with kcat to the broker of a running mill: counted, skipped, and the mill goes on."""
import hashlib
import json
import os
import random
import shutil
import subprocess
import zlib

import pytest

from conftest import MONO
from processes import GROWTH_BYTES, resident_bytes
from trouble import HOOKS
from waiting import PATIENCE, wait_until

# What is behind the MAC of the embedded broker's records is looked at as well: it is all there is with a real Kafka.
NO_MAC = {"DROPMILL_TEST_NO_MAC": "1", "DROPMILL_LOG": "debug"}
DONE = "nobody-1 tile 0 attempt 1: ok"
LEASE = {"v": 1, "type": "result", "job": "nobody-1", "serial": 5, "tile": 0, "attempt": 1, "worker": "stranger"}
RESULT = {**LEASE, "status": "ok", "compute_us": 1, "message": "", "report": "{}"}


# kcat sends no empty message with headers: an asset of one byte is what comes with a task that needs no value.
BYTE = b"x"
# The temporary file of an output of the task that forge() makes.
OWED = ".dropmill-nobody-1-SERIAL-{}.tmp"
ASSET = {"assets": f"{hashlib.sha256(BYTE).hexdigest()}:1"}


def send(mill, topic, value, headers=None, partition=0):
    words = ["kcat", "-P", "-q", "-b", mill.status()["broker"]["servers"], "-t", topic, "-p", str(partition)]
    words += ["-X", "message.max.bytes=20000000"]
    for name, text in (headers or {}).items():
        words += ["-H", f"{name}={text}"]
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


def test_garbage_on_the_masters_topics_is_counted_and_skipped(make_mill, pictures):
    mill = make_mill({"mono": MONO}, binary=HOOKS).start(workers=1, env=NO_MAC)
    before = resident_bytes(mill.process.pid)
    sent = list(garbage())
    for record in sent:
        send(mill, *record)
    wait_until(lambda: mill.status()["records_refused"] == len(sent), lambda: f"{len(sent)} refused; {mill.status()}")
    lines = [line for line in mill.lines if " refused: " in line]
    assert 1 <= len(lines) <= 7, mill.log()  # the number doubles from line to line
    assert resident_bytes(mill.process.pid) < before + GROWTH_BYTES
    mill.drop(pictures.picture(width=300, height=200), "mono", "a.png")
    mill.wait_output("mono", "a.png")
    mill.stop()


def test_garbage_on_tasks_leaves_the_worker_alive(make_mill, pictures):
    mill = make_mill({"mono": MONO}, binary=HOOKS).start(workers=1, env=NO_MAC)
    worker = mill.pids("worker")
    task = {**LEASE, **ASSET, "worker": mill.workers()[0]["id"], "type": "task", "kind": "whole", "plane": "shm", "output": 0}
    send(mill, "tasks", b"noise", {})
    send(mill, "tasks", BYTE, {**task, "v": 2, "spec": "{}"})
    send(mill, "tasks", BYTE, {**task, "spec": "no JSON"})
    send(mill, "tasks", b"pixels", {**task, "spec": "{}"})
    send(mill, "tasks", BYTE, {**task, "spec": "{}"})
    send(mill, "tasks", BYTE, {**task, "serial": 6, "spec": json.dumps({"path": "/etc/passwd", "steps": [{"no_such": {}}], "outputs": []})})
    mill.drop(pictures.picture(width=300, height=200), "mono", "a.png")
    mill.wait_output("mono", "a.png")
    assert mill.pids("worker") == worker, mill.log()
    assert "task refused: malformed task" in mill.log() and "(4 so far)" in mill.log()
    # All that said whose lease they are were answered, malformed or not, and the master has dropped what it never asked for.
    wait_until(lambda: mill.status()["tiles"]["duplicate"] == 5, lambda: f"five answers; {mill.status()}\n{mill.log()}")
    mill.stop()


def test_a_task_whose_other_parts_never_come_is_answered(make_mill):
    """It was kept until something else needed its room, and the master was told nothing."""
    mill = make_mill({"mono": MONO}, binary=HOOKS).start(workers=1, env={**NO_MAC, "DROPMILL_TEST_PATIENCE_MS": "300"})
    task = {**LEASE, "worker": mill.workers()[0]["id"], "type": "task", "kind": "whole", "plane": "inline", "output": 0, "spec": "{}"}
    send(mill, "tasks", b"0123456789", {**task, "part": 0, "parts": 3, "bytes": 30})
    # Those of another worker, and of nobody, are not.
    send(mill, "tasks", b"0123456789", {**task, "worker": "stranger", "part": 0, "parts": 3, "bytes": 30})
    wait_until(lambda: mill.status()["tiles"]["duplicate"] == 1, lambda: f"an answer; {mill.status()}\n{mill.log()}")
    assert "1 of its 3 parts came, and no other for" in mill.log()
    mill.stop()


def forge(mill, path, temp, steps=()):
    """Sends a task for a whole file, well formed and leased to the one worker, that no master ever made. Returns temp with its serial."""
    worker = mill.workers()[0]["id"]
    spec = {"path": path, "steps": list(steps), "limits": {"megapixels": 10, "frames": 1}, "names": {}, "huge_pixels": 0,
            "outputs": [{"steps": [], "format": "png", "save": {}, "temp": temp}]}
    # The serial is another each time: a worker does a task once.
    serial = zlib.crc32(json.dumps([path, temp, list(steps)]).encode())
    temp = spec["outputs"][0]["temp"] = temp.replace("SERIAL", str(serial))
    task = {**LEASE, **ASSET, "type": "task", "kind": "whole", "plane": "shm", "output": 0, "spec": json.dumps(spec)}
    send(mill, "tasks", BYTE, {**task, "worker": worker, "serial": serial})
    return temp


@pytest.mark.parametrize("sandbox", ["on", "off"])
def test_a_task_opens_nothing_outside_of_the_workers_folders(make_mill, pictures, sandbox):
    """With the kernel's help and, where there is none, by the worker's own look at where a path leads."""
    mill = make_mill({"mono": MONO}, binary=HOOKS).start(
        workers=1, env=NO_MAC if sandbox == "on" else {**NO_MAC, "DROPMILL_SANDBOX": "off"})
    picture = pictures.picture(width=60, height=40, ending=".png", seed=3)
    secret, inside, out = mill.path("secret.png"), mill.inbox("mono", ".there", "there.png"), mill.out(OWED.format(1))
    os.makedirs(os.path.dirname(inside))
    shutil.copyfile(picture, secret)
    shutil.copyfile(picture, inside)
    os.symlink(secret, mill.inbox("mono", ".there", "link.png"))
    os.symlink(mill.folder, mill.out("way"))
    stolen = [mill.out(OWED.format(number)) for number in range(2, 7)]
    written = [mill.path("written.png"), mill.out("way", "written.png"), mill.inbox("mono", "written.png")]
    worker = mill.pids("worker")
    paths = [secret, mill.inbox("mono", ".there", "link.png"), mill.inbox("mono", "..", "..", "secret.png"),
             f"/proc/{worker[0]}/root{secret}", f"/proc/self/cwd/{os.path.basename(secret)}"]
    stolen = [forge(mill, path, temp) for path, temp in zip(paths, stolen)]
    for temp in written:
        forge(mill, inside, temp)
    stolen.append(forge(mill, inside, mill.out(OWED.format(7)), [{"op": "blur", "params": {"sigma": 1e9}}]))
    # In order, behind the others: what is allowed is done, so that the others were refused and not lost.
    out = forge(mill, inside, out)
    wait_until(lambda: mill.log().count(DONE) == 1, lambda: f"what is allowed; {mill.log()}")
    wait_until(lambda: mill.status()["tiles"]["duplicate"] == len(paths) + len(written) + 2, mill.log)
    # The master removes what comes late, as it sees it.
    wait_until(lambda: not os.path.exists(out), "the temporary file to go")
    assert not [path for path in (*stolen, *written) if os.path.lexists(path)]
    assert mill.pids("worker") == worker, mill.log()
    os.unlink(inside)
    mill.drop(picture, "mono", "good.png")
    mill.wait_output("mono", "good.png")
    mill.stop()


def test_a_task_writes_and_removes_its_own_temporary_files_alone(make_mill, pictures):
    """A finished output was overwritten by a task that named it, and removed by one that failed."""
    mill = make_mill({"mono": MONO}, binary=HOOKS).start(workers=1, env=NO_MAC)
    picture = pictures.picture(width=60, height=40, ending=".png", seed=3)
    mill.drop(picture, "mono", "a.png")
    output = mill.wait_output("mono", "a.png")
    with open(output, "rb") as file:
        good = file.read()
    before = mill.status()["tiles"]["duplicate"]
    inside = mill.inbox("mono", ".there", "there.png")
    os.makedirs(os.path.dirname(inside))
    shutil.copyfile(picture, inside)
    others = mill.out("mono", ".dropmill-other-1-5-0.tmp")
    shutil.copyfile(picture, others)
    link = mill.out("mono", OWED.format(3))
    for temp in (output, others, mill.out("mono", "new.png"), mill.out("mono", OWED.format("x"))):
        forge(mill, inside, temp)
        forge(mill, inside, temp, [{"op": "blur", "params": {"sigma": 1e9}}])
    # One that is owed: a link there is not followed.
    serial = zlib.crc32(json.dumps([inside, link, []]).encode())
    os.symlink(output, link.replace("SERIAL", str(serial)))
    made = forge(mill, inside, link)
    wait_until(lambda: mill.status()["tiles"]["duplicate"] == before + 9, lambda: f"nine answers; {mill.log()}")
    with open(output, "rb") as file:
        assert file.read() == good
    assert os.path.exists(others) and not os.path.exists(mill.out("mono", "new.png"))
    os.unlink(others)
    if os.path.lexists(made):
        os.unlink(made)
    mill.stop()


def test_records_of_others_are_dropped_on_the_embedded_broker(make_mill, pictures):
    """Well formed, but without the MAC under the key that the mill's own processes have."""
    mill = make_mill({"mono": MONO}).start(workers=1)
    picture = pictures.picture(width=60, height=40, ending=".png", seed=3)
    inside, duplicates = mill.inbox("mono", ".there", "there.png"), mill.status()["tiles"]["duplicate"]
    os.makedirs(os.path.dirname(inside))
    shutil.copyfile(picture, inside)
    temp = forge(mill, inside, mill.out(OWED.format(0)))
    send(mill, "results", b"pixels", RESULT)
    send(mill, "results", b"pixels", {**RESULT, "mac": "0" * 64})
    beat = json.dumps({"id": "stranger", "pid": 1}).encode()
    send(mill, "heartbeats", beat, {"v": 1, "type": "heartbeat"})
    wait_until(lambda: mill.status()["records_refused"] == 3, lambda: f"three refused; {mill.status()}")
    wait_until(lambda: "task refused: it does not carry this mill's MAC" in mill.log(), mill.log)
    mill.drop(picture, "mono", "a.png")
    mill.wait_output("mono", "a.png")
    assert not os.path.exists(temp) and mill.status()["tiles"]["duplicate"] == duplicates
    mill.stop()


def test_results_that_nobody_asked_for_change_nothing(make_mill, pictures):
    mill = make_mill({"mono": MONO}, binary=HOOKS).start(workers=1, env=NO_MAC)
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
    # A late result may have its own temp files removed, in out/ and nowhere else.
    ours, theirs = mill.out("mono", ".dropmill-nobody-1-5-0.tmp"), mill.path("stage", ".dropmill-nobody-1-5-0.tmp")
    for temp in (ours, theirs):
        with open(temp, "wb") as file:
            file.write(b"x")
        report = json.dumps({"outputs": [{"temp": temp, "bytes": 1, "width": 1, "height": 1}]})
        send(mill, "results", b"x", {**RESULT, "report": report})
    wait_until(lambda: mill.status()["tiles"]["duplicate"] == duplicates + 5, lambda: f"five dropped; {mill.status()}")
    assert not os.path.exists(ours) and os.path.exists(theirs)
    assert mill.status()["jobs"]["done"] == 1
    with open(path, "rb") as file:
        assert file.read() == good
    mill.stop()
