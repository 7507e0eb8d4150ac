# SPDX-License-Identifier: GPL-2.0-or-later
"""A wall clock that is set back and forth while files settle, are milled, and wait: nothing waits for it, and nothing is done twice."""
import os

from test_crash_points import HOOKS
from waiting import wait_until

PIPELINE = {"p": "settle: 300ms\nsteps: [grayscale]\noutputs: [{name: \"{stem}.png\"}]\n"}
YEAR = 365 * 86400


def test_a_clock_that_jumps_by_years_stops_nothing(make_mill, pictures):
    photo = pictures.picture(width=64, height=48, ending=".png", seed=5)
    mill = make_mill(PIPELINE, binary=HOOKS)
    faults = mill.path("faults")
    os.mkdir(faults)

    def jump(seconds):
        with open(os.path.join(faults, "wall.new"), "w", encoding="ascii") as file:
            file.write(str(seconds))
        os.rename(os.path.join(faults, "wall.new"), os.path.join(faults, "wall"))

    def start():
        mill.start(workers=1, env={"DROPMILL_TEST_FAULTS": faults})

    start()
    order = []
    for number, seconds in enumerate((0, YEAR, -YEAR, 10 * YEAR, -10 * YEAR, 0)):
        name = f"{number}.png"
        mill.drop(photo, "p", name, how="copy")  # it settles while the clock jumps
        jump(seconds)
        order.append(name)
        mill.wait_output("p", name)
        mill.wait_idle(done=number + 1, failed=0)
        assert not mill.json("api/waiting")["waiting"]
    # A mill that starts ten years ago goes on with a history of the future; what came last is first.
    mill.stop()
    jump(-10 * YEAR)
    start()
    mill.drop(photo, "p", "last.png", how="copy")
    mill.wait_output("p", "last.png")
    mill.wait_idle(done=len(order) + 1, failed=0)
    mill.stop()
    start()
    sources = wait_until(lambda: [job["source"] for job in mill.jobs()], "the jobs of earlier runs")
    assert sources == ["last.png", *reversed(order)]
    assert sorted(os.listdir(mill.out("p"))) == sorted([*order, "last.png"])
    mill.stop()
