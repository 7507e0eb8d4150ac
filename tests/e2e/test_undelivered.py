# SPDX-License-Identifier: GPL-2.0-or-later
"""Tasks that do not reach the broker: what has passed by itself fails no picture, stops no other, and says why the picture stands."""
import os
import subprocess

import pytest

from badsync import BadSync
from mock_broker import mock_broker
from trouble import HOOKS
from waiting import wait_until

SHORT = "settle: 50ms\non_failure: {attempts: 1}\noutputs:\n  - {name: \"{stem}.png\", format: png}\n"
PROPERTIES = "message.timeout.ms=400"


@pytest.mark.skipif(bool(os.environ.get("DROPMILL_SANITIZED")), reason="a sanitizer's own library must be the first that is loaded")
@pytest.mark.parametrize("size", [(60, 40), (1100, 1100)])
def test_an_original_that_cannot_be_read_waits_with_its_name(cluster, folder, pictures, size):
    """A small one was sent again at each turn of the loop, without a word; a large one failed after a few tries."""
    bad = BadSync(os.path.join(folder, "rules"), [("read", 0, 2, "/short/.dropmill/")])
    master = cluster({"short": SHORT}, master_env=bad.environment())
    master.drop(pictures.picture(width=size[0], height=size[1], ending=".png", seed=3), "short", "bad.png")
    wait_until(lambda: "bad.png waits: bad.png cannot be read: Input/output error" in master.log(), master.log)
    master.drop(pictures.picture(width=60, height=40, ending=".png", seed=4), "short", "good.png")
    master.wait_output("short", "good.png")
    master.wait_output("short", "bad.png")
    master.wait_idle(done=2, failed=0)
    assert bad.failed() == [2]


def test_partitions_whose_leader_is_down_fail_no_picture(make_mill, pictures):
    """Four tasks that were not delivered made a run, and the runs were counted."""
    with mock_broker(lost=True) as address:
        master, worker = make_mill({"short": SHORT}, HOOKS), make_mill({})
        master.start("master", brokers=address, property=PROPERTIES, env={"DROPMILL_TEST_GIVE_AGAIN_MS": "100"})
        worker.launch("worker", brokers=address)
        wait_until(lambda: any(one["state"] == "live" and one["partitions"] for one in master.workers()), master.log)
        address.lead(2)
        master.drop(pictures.picture(width=60, height=40, ending=".png", seed=3), "short", "a.png")

        def told():
            (job,) = master.jobs() or [{"id": None}]
            return [entry for entry in master.json(f"/api/jobs/{job['id']}")["timeline"] if "was not delivered" in entry["text"]] if job["id"] else []

        wait_until(lambda: len(told()) >= 4, lambda: f"four tries; {master.jobs()}\n{master.log()}", 30)
        (job,) = master.jobs()
        assert "was not delivered" in str(job), job
        address.lead(1)
        master.wait_output("short", "a.png")
        master.wait_idle(done=1, failed=0)
        worker.stop()
        master.stop()


def test_a_worker_needs_no_dead_letters(make_mill):
    """It waited for ever for a topic that it does not use."""
    with mock_broker(hidden="dead-letters") as address:
        worker = make_mill().launch("worker", brokers=address)

        def beats():
            return subprocess.run(["kcat", "-C", "-q", "-e", "-b", address, "-t", "heartbeats"], capture_output=True, text=True, check=False, timeout=60).stdout

        wait_until(lambda: '"state":"idle"' in beats().replace(" ", ""), worker.log, 30)
        assert "waiting for the broker" not in worker.log()
        worker.abandon()
