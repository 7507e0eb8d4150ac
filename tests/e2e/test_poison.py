# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures that kill, stop or swell what works on them: they end in _failed/ with the true reason, and others do not suffer for it."""
import os
import subprocess
import time

import pytest

from mill import Mill
from oracle import KINDS, TILE, Oracle
from trouble import HOOKS, Trouble
from waiting import wait_until

# Long enough for a healthy task on a busy machine.
SECONDS = 4
WORKER = {  # of whole files and of tiles
    "SEGV": r"killed 3 workers (SIGSEGV)",
    "ABRT": r"killed 3 workers (SIGABRT)",
    "hang": f"took longer than {SECONDS} s (limits: seconds)",
}
CODEC = {
    "codec.plan:SEGV": "given up after 3 tries: its codec was killed by SIGSEGV",
    "codec.encode:KILL": "given up after 3 tries: its codec was killed by SIGKILL",
    "codec.plan:hang": f"its codec took longer than {SECONDS} s for the header and the plan (limits: seconds)",
    "codec.decode:hang": f"its codec took longer than {SECONDS} s for its next rows (limits: seconds)",
    "codec.encode:hang": f"its codec took longer than {SECONDS} s for its next rows (limits: seconds)",
}


@pytest.fixture
def place(folder, pictures):
    """(mill, oracle, trouble), not started; pipelines with a short limit."""
    mill = Mill(os.path.join(folder, "mill"), HOOKS)
    oracle = Oracle(mill, pictures)
    for name, (text, _) in KINDS.items():
        mill.pipeline(name, f"limits: {{seconds: {SECONDS}}}\n{text}")
    yield mill, oracle, Trouble(folder)
    mill.abandon()


def drop_good(oracle, tag, count):
    for i in range(count):
        oracle.drop("pair", f"{tag}-whole{i}.jpg", oracle.picture(False, i))
    oracle.drop("mono", f"{tag}-tiled.jpg", oracle.picture(True, 1))


def test_poison(place):
    mill, oracle, trouble = place
    wanted, words = {}, []
    for what, reason in WORKER.items():
        for large in (False, True):
            stem = f"w{large:d}{what}"
            wanted[stem] = (large, reason)
            words.append(f"worker:{stem}:{what}")
    for order, reason in CODEC.items():
        where, what = order.split(":")
        stem = order.replace(":", "-").replace(".", "-")
        wanted[stem] = (True, reason)
        words.append(f"{where}:{stem}:{what}")
    trouble.order(*words)
    mill.start(workers=3, tile=TILE, env=trouble.env)
    for number, (stem, (large, _)) in enumerate(wanted.items()):
        oracle.drop("mono", f"{stem}.jpg", oracle.picture(large, number), good=False)
        drop_good(oracle, f"beside-{stem}", 4)
    oracle.drain(seconds=180)
    reasons = {stem: (mill.reason("mono", f"{stem}.jpg") or "").strip() for stem in wanted}
    for stem, (_, reason) in wanted.items():
        assert reason in reasons[stem], (stem, reasons)
    assert not oracle.faults(), mill.log()
    wait_until(lambda: mill.status()["workers"]["live"] == 3, "every worker replaced", 30)
    mill.stop()


@pytest.mark.parametrize("what", ["failed", "retry"])
def test_a_worker_that_fails_what_others_manage(place, what):
    """It is taken out, shown, tried again; no picture fails because of it, and one that is broken fails as ever."""
    mill, oracle, trouble = place
    trouble.order(f"worker@0:*:{what}")
    mill.start(workers=2, tile=TILE, env=trouble.env)
    drop_good(oracle, "first", 6)
    oracle.drop("mono", "broken.png", oracle.broken(False, 0), good=False)

    def sick():
        return next((w for w in mill.workers() if w["breaker"]["state"] != "closed"), None)

    worker = wait_until(sick, lambda: f"a worker to be taken out: {mill.workers()}\n{mill.log()}", 30)
    assert "trouble that a test ordered" in worker["breaker"]["reason"]
    text = subprocess.run([mill.binary, "status", "--http", mill.url[len("http://"):-1]], capture_output=True, text=True,
                          check=True, timeout=30).stdout
    assert "taken out for" in text or "on trial" in text, text
    oracle.drain()
    trouble.order()
    for i in range(100):  # one at a time: each could be its trial
        if not sick():
            break
        oracle.drop("mono", f"trial{i}.png", oracle.picture(False, i, ".png"))
        oracle.drain()
        time.sleep(0.2)
    assert not sick(), mill.workers()
    assert not oracle.faults(), mill.log()
    mill.stop()
