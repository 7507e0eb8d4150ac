# SPDX-License-Identifier: GPL-2.0-or-later
"""A spool is a file that workers have open: whoever decodes a stranger's picture may cut it short, and the master must not die of it."""
import os

import pytest

from badsync import BadSync
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


@pytest.mark.skipif(bool(os.environ.get("DROPMILL_SANITIZED")), reason="a sanitizer's own library must be the first that is loaded")
def test_a_spool_that_the_disk_lost_spoils_no_picture(make_mill, pictures, tmp_path, folder):
    """Workers write to it by mapped memory, which is never refused: a failed disk is told to who asks, and the pages read as zeros."""
    photo = pictures.picture(width=1800, height=1300, ending=".png")
    mill = make_mill(TURNED, binary=HOOKS)
    mill.start(workers=2, tile=256)
    mill.drop(photo, "turned", "right.png")
    right = mill.wait_output("turned", "right.png")
    mill.stop()
    # The next try fails, too: it waits for longer, and tells no news.
    state = os.path.realpath(mill.path("state"))
    bad = BadSync(os.path.join(folder, "rules"), [("range", 0, 2, f"{state}/")])
    trouble = Trouble(tmp_path)
    trouble.order("tile:*:slow50")
    mill.start(workers=2, tile=256, memory="16M", env={**trouble.env, **bad.environment()})
    mill.drop(photo, "turned", "a.png")
    for path in wait_until(lambda: spools(mill.process.pid, state), "a spool"):
        with open(path, "r+b", buffering=0) as file:
            wait_until(lambda: os.pread(file.fileno(), 8192, 1 << 20).strip(b"\0"), "rows in it")
            size = os.fstat(file.fileno()).st_size
            os.pwrite(file.fileno(), bytes(size - 4096), 4096)
    trouble.order()
    done = mill.wait_output("turned", "a.png")
    with open(right, "rb") as one, open(done, "rb") as other:
        assert one.read() == other.read(), "zeros are no pixels"
    assert bad.failed() == [2] and mill.log().count("the spool file could not be written to disk") == 1
    mill.stop()
