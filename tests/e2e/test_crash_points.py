# SPDX-License-Identifier: GPL-2.0-or-later
"""The power fails at every step in turn; the next start finishes what was begun, once, and leaves nothing behind."""
import os
import re

import pytest

from mill import BINARY, ROOT, TOP, Mill
from oracle import TILE, Oracle
from waiting import wait_until

# Sanitized programs have the hooks built in.
HOOKS = BINARY if os.environ.get("DROPMILL_SANITIZED") else os.path.join(TOP, "hooks", "dropmill")

# Points that are come to more often than once: also between the outputs of one picture, and after the first of several pictures.
AGAIN = ["claim.renamed:3", "publish.sent:6", "accept.placed:5", "commit.synced:2", "commit.renamed:2", "commit.renamed:4", "archive.moved:2"]


def points():
    """Every name in the sources, so that a new point is tried from its first day."""
    found = set()
    for where, _, names in os.walk(os.path.join(ROOT, "src")):
        for name in names:
            if name.endswith(".c"):
                with open(os.path.join(where, name), encoding="utf-8") as file:
                    found.update(re.findall(r'CRASH_POINT\("([^"]+)"\)', file.read()))
    return sorted(found)


def groups(count):
    """The points, dealt to a few mills: each mill's folder lives through many deaths."""
    every = points() + AGAIN
    return [every[i::count] for i in range(count)]


def test_there_are_points_at_every_step():
    steps = {point.split(".")[0] for point in points()}
    assert steps >= {"claim", "publish", "accept", "commit", "archive", "fail", "history"}


def drop_some(oracle, tag, number):
    oracle.drop("pair", f"{tag}-tiled.jpg", oracle.picture(True, number))
    oracle.drop("pair", f"{tag}-whole.jpg", oracle.picture(False, number))
    oracle.drop("mono", f"{tag}.png", oracle.picture(False, number + 1, ".png"))
    oracle.drop("mono", f"{tag}-broken.png", oracle.broken(False, 0), good=False)


@pytest.mark.parametrize("group", range(3))
def test_the_next_start_finishes_what_a_crash_left(folder, pictures, group):
    if not os.path.exists(HOOKS):
        pytest.fail(f"{HOOKS} is not built: make hooks")
    mill = Mill(os.path.join(folder, "mill"), HOOKS)
    oracle = Oracle(mill, pictures)
    try:
        for number, point in enumerate(groups(3)[group]):
            mill.start(workers=2, tile=TILE, env={"DROPMILL_TEST_CRASH": point})
            drop_some(oracle, f"{group}-{number}", number)
            wait_until(lambda: mill.process.poll() is not None, lambda: f"the end at {point}:\n{mill.log()}", 30)
            assert mill.process.returncode == -9, f"{point}: status {mill.process.returncode}\n{mill.log()}"
            wait_until(lambda: not mill.pids(), lambda: f"{point}: no process left: {mill.describe()}", 10)
            mill.start(workers=2, tile=TILE)
            oracle.drain(60)
            faults = oracle.faults()
            assert not faults, f"after {point}:\n" + "\n".join(faults) + f"\n{mill.log()}"
            mill.stop()
    finally:
        mill.abandon()
