# SPDX-License-Identifier: GPL-2.0-or-later
"""Workers on another machine, which the master can neither see die nor kill: the same true reasons, told by their successors."""
import os

import pytest

from mill import Mill
from oracle import KINDS, TILE, Oracle
from trouble import HOOKS, Trouble
from waiting import wait_until

SECONDS = 4


@pytest.fixture
def cluster(folder, pictures, kafka, prefix):
    """(master, workers' host, oracle, trouble): both run, and share no memory."""
    master, host = (Mill(os.path.join(folder, name), HOOKS) for name in ("master", "host"))
    oracle, trouble = Oracle(master, pictures), Trouble(folder)
    for name, (text, _) in KINDS.items():
        master.pipeline(name, f"limits: {{seconds: {SECONDS}}}\n{text}")
    common = {"brokers": kafka.address, "topic_prefix": prefix}
    master.start("master", tile=TILE, seconds=60, **common)
    host.launch("worker", env={**trouble.env, "DROPMILL_TEST_MACHINE": "elsewhere"}, count=3, **common)
    yield master, host, oracle, trouble
    for mill in (host, master):
        mill.abandon()


def live(master, count):
    wait_until(lambda: sum(w["state"] == "live" and bool(w["partitions"]) for w in master.workers()) == count,
               lambda: f"{count} live workers: {master.workers()}\n{master.log()}", 60)


def test_poison_elsewhere(cluster):
    master, host, oracle, trouble = cluster
    wanted = {
        "dies": (False, "killed 3 workers (SIGSEGV)"),
        "hangstiled": (True, f"took longer than {SECONDS} s (limits: seconds)"),
    }
    trouble.order("worker:dies:SEGV", "worker:hangstiled:hang")
    live(master, 3)
    assert {w["plane"] for w in master.workers()} == {"inline"}
    for number, (stem, (large, _)) in enumerate(wanted.items()):
        oracle.drop("mono", f"{stem}.jpg", oracle.picture(large, number), good=False)
        for i in range(3):
            oracle.drop("pair", f"beside-{stem}{i}.jpg", oracle.picture(False, i))
    oracle.drain(seconds=180)
    for stem, (_, reason) in wanted.items():
        assert reason in master.reason("mono", f"{stem}.jpg"), (stem, master.reason("mono", f"{stem}.jpg"), master.log())
    assert not oracle.faults(), master.log()
    live(master, 3)
    host.stop()
    master.stop()
