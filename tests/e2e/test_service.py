# SPDX-License-Identifier: GPL-2.0-or-later
"""What systemd is told, workers that are replaced in order under load, and what make install puts where."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from mill import BUILD, ROOT, Mill
from oracle import TILE, Oracle
from trouble import HOOKS, Trouble
from waiting import wait_until

UNITS = ("dropmill.service", "dropmill-master.service", "dropmill-worker@.service")


def read(path):
    with open(path, "rb") as file:
        return file.read()


@pytest.fixture
def told(folder):
    """(environment, list of messages): a socket as systemd has it."""
    path = os.path.join(folder, "notify")
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(path)
    messages = []

    def read():
        while True:
            text = server.recv(65536).decode()
            if text == "end":
                return
            messages.extend(text.splitlines())

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    yield {"NOTIFY_SOCKET": path}, messages
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.sendto(b"end", path)
    thread.join(10)
    server.close()


@pytest.fixture
def place(folder, pictures):
    mill = Mill(os.path.join(folder, "mill"), HOOKS)
    yield mill, Oracle(mill, pictures), Trouble(folder)
    mill.abandon()


def drop_some(oracle, tag, count=12):
    for i in range(count):
        oracle.drop("pair", f"{tag}{i}.jpg", oracle.picture(i % 6 == 5, i))


def test_systemd_is_told(place, told):
    """Ready when it is, a watchdog that is fed, a reload that ends, stopping; and rolling restarts of its children beside."""
    mill, oracle, _ = place
    env, messages = told
    mill.start(workers=2, tile=TILE, env={**env, "WATCHDOG_USEC": "2000000"})
    wait_until(lambda: "READY=1" in messages, lambda: f"ready: {messages}", 10)
    wait_until(lambda: messages.count("WATCHDOG=1") >= 3, lambda: f"the watchdog fed: {messages}", 20)
    drop_some(oracle, "load")
    for _ in range(3):
        before = messages.count("READY=1")
        mill.process.send_signal(signal.SIGHUP)
        wait_until(lambda: messages.count("READY=1") > before, lambda: f"the end of a reload: {messages}", 20)
        for pid in mill.pids("worker")[:1]:
            mill.kill(pid, signal.SIGTERM)
        drop_some(oracle, f"more{before}", 6)
    assert any(message.startswith("RELOADING=1") for message in messages), messages
    assert any(message.startswith("MONOTONIC_USEC=") for message in messages), messages
    oracle.drain()
    wait_until(lambda: any("30 done, 0 failed" in m for m in messages), lambda: f"the numbers: {messages}", 10)
    assert not oracle.faults(), mill.log()
    mill.stop()
    assert "STOPPING=1" in messages, messages


@pytest.fixture
def deaf_broker():
    """Takes connections and answers nothing, so that every call to it lasts until its time-out."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(params=["no broker", "deaf broker"])
def waiting_master(request, folder, told, deaf_broker):
    """(process, messages, log) of a master that waits for its broker."""
    env, messages = told
    brokers = deaf_broker if request.param == "deaf broker" else "127.0.0.1:1"
    words = [f"{BUILD}/dropmill", "master", "--brokers", brokers, "--http", "127.0.0.1:0", "--pipelines", f"{ROOT}/pipelines"]
    log = os.path.join(folder, "log")
    with open(log, "wb") as file, subprocess.Popen(words, cwd=folder, env={**os.environ, **env, "WATCHDOG_USEC": "4000000"}, stderr=file) as master:
        try:
            yield master, messages, log
        finally:
            master.kill()


def test_a_start_that_waits_is_ready_and_feeds_the_watchdog(waiting_master):
    """Else systemctl start, and with it the installation of the package, would wait until somebody starts Kafka."""
    master, messages, log = waiting_master
    wait_until(lambda: "READY=1" in messages, lambda: f"ready: {messages}", 10)
    assert any(message.startswith("STATUS=waits for the broker") for message in messages), messages
    wait_until(lambda: messages.count("WATCHDOG=1") >= 3, lambda: f"the watchdog fed: {messages}", 8)
    assert messages.count("READY=1") == 1 and master.poll() is None
    # A reload has nothing to read again yet, and must not harm.
    master.send_signal(signal.SIGHUP)
    master.send_signal(signal.SIGTERM)
    assert master.wait(5) == 0, read(log)
    assert "STOPPING=1" in messages


def test_once_can_be_ended_while_it_waits_for_the_broker(folder):
    words = [f"{BUILD}/dropmill", "once", "mono", "a.jpg", "--brokers", "127.0.0.1:1", "--pipelines", f"{ROOT}/pipelines"]
    with open(f"{folder}/a.jpg", "wb") as file:
        file.write(b"\xff\xd8\xff")
    with subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE) as once:
        try:
            assert b"dropmill waits" in once.stderr.readline()
            once.send_signal(signal.SIGINT)
            once.wait(5)
        finally:
            once.kill()
        assert b"stopped while waiting for the broker" in once.stderr.read()


def test_ready_does_not_wait_for_workers(folder, told, make_mill):
    """Workers that cannot start are a matter of the page and the log; what is dropped is taken meanwhile."""
    env, messages = told
    programs = os.path.join(folder, "bin")
    os.mkdir(programs)
    shutil.copy(f"{BUILD}/dropmill", programs)
    with open(f"{programs}/dropmill-image", "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\n[ "$1" != worker ] || exit 1\nexec {BUILD}/dropmill-image "$@"\n')
    os.chmod(f"{programs}/dropmill-image", 0o755)
    mill = make_mill(binary=f"{programs}/dropmill")
    mill.launch(workers=1, env=env)
    wait_until(lambda: "READY=1" in messages, lambda: f"ready: {messages}", 10)
    assert "STATUS=0 queued, 0 running, 0 done, 0 failed; 0 workers" in messages, messages


def test_recycled_workers(place):
    """After so many tasks, or when too large, a worker finishes what it has and another takes its place: nothing is tried again."""
    mill, oracle, trouble = place
    mill.start(workers=2, tile=TILE, env=trouble.env, recycle_tasks=25, nice=5)
    first = set(mill.pids("worker"))
    assert {os.getpriority(os.PRIO_PROCESS, pid) for pid in first} == {5}
    for number in range(2):
        drop_some(oracle, f"r{number}-")
        oracle.drain()
    wait_until(lambda: not first & set(mill.pids("worker")), lambda: f"others in their places: {mill.log()}", 30)
    assert "recycled after" in mill.log() and "--recycle-tasks" in mill.log()
    wait_until(lambda: any(w["restarts"] > 0 for w in mill.workers() if w["state"] == "live"), "restarts to be shown", 20)
    assert not oracle.faults(), mill.log()
    mill.stop()


def test_a_worker_that_takes_far_too_much_memory(place):
    mill, oracle, trouble = place
    trouble.order("worker:fat:grow")
    mill.start(workers=2, tile=TILE, env=trouble.env, worker_memory="300M")
    oracle.drop("mono", "fat.png", oracle.picture(False, 0, ".png"), good=False)
    drop_some(oracle, "beside", 6)
    oracle.drain()
    assert "killed 3 workers (took far more than 300.0 MiB of memory)" in mill.reason("mono", "fat.png"), mill.log()
    assert not oracle.faults(), mill.log()
    mill.stop()


def make(*words):
    done = subprocess.run(["make", "-s", "SETUP=no", *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_install_and_uninstall(folder):
    prefix = os.path.join(folder, "usr")
    make("install", f"PREFIX={prefix}")
    files = {os.path.relpath(os.path.join(where, name), prefix) for where, _, names in os.walk(prefix) for name in names}
    assert {f"lib/systemd/system/{unit}" for unit in UNITS} <= files
    assert {"share/man/man1/dropmill.1", "share/man/man1/dropmill-image.1", "bin/dropmill-image"} <= files
    assert {"share/bash-completion/completions/dropmill", "share/zsh/site-functions/_dropmill", "share/fish/vendor_completions.d/dropmill.fish"} <= files
    assert {"lib/sysusers.d/dropmill.conf", "lib/tmpfiles.d/dropmill.conf", "etc/dropmill/dropmill.yaml", "etc/dropmill/pipelines/mono.yaml"} <= files
    assert not [name for name in files if not name.endswith((".png", "bin/dropmill", "bin/dropmill-image")) and re.search(rb"@[A-Z]+@", read(f"{prefix}/{name}"))]
    manual = {os.path.relpath(os.path.join(where, name), f"{ROOT}/src/dist/doc")
              for where, _, names in os.walk(f"{ROOT}/src/dist/doc") for name in names}
    assert "reference/operations.md" in manual and {f"share/doc/dropmill/{page}" for page in manual} <= files
    with open(f"{prefix}/share/doc/dropmill/sbom.cdx.json", encoding="utf-8") as file:
        bill = json.load(file)
    versions = {part["name"]: part.get("version", "") for part in bill["components"]}
    assert bill["bomFormat"] == "CycloneDX" and bill["metadata"]["component"]["version"]
    assert {"glib-2.0", "vips", "rdkafka", "sqlite3", "civetweb", "chart.js", "libsystemd"} <= set(versions)
    assert [name for name, version in versions.items() if not version[:1].isdigit()] == ["inotifytools"], versions
    said = subprocess.run([f"{prefix}/bin/dropmill", "ops", "blur"], capture_output=True, text=True, check=True, timeout=60)
    assert "sigma" in said.stdout
    with open(f"{prefix}/etc/dropmill/dropmill.yaml", "a", encoding="utf-8") as file:
        file.write("workers: 1\n")
    make("install", f"PREFIX={prefix}")
    assert read(f"{prefix}/etc/dropmill/dropmill.yaml").endswith(b"workers: 1\n"), "the administrator's file was replaced"
    make("uninstall", f"PREFIX={prefix}")
    assert [name for _, _, names in os.walk(prefix) for name in names] == ["dropmill.yaml"]


@pytest.fixture(name="units")
def units_as_installed(folder):
    """Paths of the units, with the programs that they start; a template has an instance."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed (package systemd)")
    paths = []
    for name in UNITS:
        with open(f"{ROOT}/src/dist/systemd/{name}", encoding="utf-8") as file:
            text = file.read().replace("@BINDIR@", BUILD).replace("@SYSCONFDIR@", "/etc")
        paths.append(os.path.join(folder, name.replace("@", "@4")))
        for path in {os.path.join(folder, name), paths[-1]}:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    return paths


def test_units_are_sound(units):
    for path in units:
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, check=False, timeout=60)
        mine = [line for line in done.stderr.splitlines() if "dropmill" in line]
        assert done.returncode == 0 and not mine, done.stderr


def test_units_are_started_again_without_an_end(units):
    """Five quick failures would leave a service off, until somebody looks."""
    for path in units:
        with open(path, encoding="utf-8") as file:
            sections = dict(re.findall(r"^\[(\w+)\]\n(.*?)(?=^\[|\Z)", file.read(), re.M | re.S))
        assert "\nStartLimitIntervalSec=0\n" in sections["Unit"] and "\nRestart=always\n" in sections["Service"], path
        optional = re.findall(r"^(?:ReadWritePaths|EnvironmentFile)=(.)", sections["Service"], re.M)
        assert set(optional) == {"-"}, "a folder or file that is not there must not stop a start"


def test_units_give_up_what_they_can(units):
    """The measure of systemd itself: 0 is best, 10 worst."""
    for path in units:
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", path], capture_output=True, text=True,
                              check=False, timeout=60)
        assert done.returncode == 0 and "exposure level" in done.stdout, done.stdout + done.stderr
