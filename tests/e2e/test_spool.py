# SPDX-License-Identifier: GPL-2.0-or-later
"""A spool is a file that workers have open: whoever decodes a stranger's picture may cut it short, and the master must not die of it."""
import os

from trouble import HOOKS, Trouble
from waiting import wait_until

TURNED = {"turned": "steps: [{rotate: 90}, {blur: 2}]\noutputs: [{name: \"{stem}.png\"}]\n"}


def spools(pid, folder):
    """Descriptors of nameless files below this folder."""
    found = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{number}"
        try:
            name = os.readlink(path)
        except OSError:
            continue
        if name.startswith(folder) and name.endswith(" (deleted)"):
            found.append(path)
    return found


def test_a_spool_that_is_cut_short_ends_no_mill(make_mill, pictures, tmp_path):
    """In a worker's place; over shared memory and with pixels that the master sends itself."""
    photo = pictures.picture(width=3000, height=2400, ending=".png")
    for payload in ("shm", "inline"):
        mill = make_mill(TURNED, binary=HOOKS)
        trouble = Trouble(tmp_path)
        trouble.order("tile:*:slow20")
        mill.start(workers=2, tile=256, memory="16M", payload=payload, env=trouble.env)
        pid = mill.process.pid
        mill.drop(photo, "turned", "a.png")
        for path in wait_until(lambda: spools(pid, os.path.realpath(mill.path("state"))), "a spool"):
            os.truncate(path, 0)
        trouble.order()
        jobs = wait_until(lambda: [job for job in mill.jobs() if job["state"] in ("done", "failed")], "its end")
        assert mill.process.poll() is None
        assert jobs[0]["state"] == "done" or jobs[0]["error"], jobs
        mill.drop(photo, "turned", "b.png")
        mill.wait_output("turned", "b.png")
        mill.stop()
