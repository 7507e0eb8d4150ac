# SPDX-License-Identifier: GPL-2.0-or-later
"""Row 7: more workers with simulated work, a step that sleeps (the build for tests has it); and how many tasks a master dispatches."""
import os

from measure import Skip, in_turn, timed
from rig import HOOKS

TILE = 128
TILE_MS = 20
ACROSS = 4096 // TILE  # tiles in a row
SLEEP = ("steps: [{test_sleep: {ms: %d, pixels: %d}}]\noutputs: [{name: \"{stem}.jpg\"}]\n" % (TILE_MS, TILE * TILE))
EMPTY = "steps: [{test_sleep: {ms: 0}}]\noutputs: [{name: \"{stem}.jpg\"}]\n"


def blank(rig, rows):
    """A grey picture of so many rows of tiles that costs next to nothing to decode and encode."""
    path = rig.path(f"blank{rows}.tif")
    if not os.path.exists(path):
        timed(["vips", "black", path, str(ACROSS * TILE), str(rows * TILE)])
    return path


def scale(rig, workers):
    """Ideal / actual of as much work as the workers should need 5 seconds for."""
    rows = 8 * workers
    tiles = rows * ACROSS
    source = blank(rig, rows)
    ideal = tiles * TILE_MS / 1000 / workers
    with rig.dropper(rig.mill(f"mill-scale{workers}", SLEEP, program=HOOKS, workers=workers, tile=TILE)) as dropper:
        values = in_turn(min(rig.rounds, 3), {"dropmill": lambda i: dropper.drop(source, f"s{i}")})
    rig.row(7, f"{workers} worker{'s' if workers > 1 else ''}, {tiles} tiles of {TILE_MS} ms", "s",
            {"dropmill": values["dropmill"], "ideal": [ideal]}, target=1 / 0.95,
            note=f"efficiency {ideal / sorted(values['dropmill'])[len(values['dropmill']) // 2]:.3f}")


def dispatch(rig):
    """Tasks without work, two workers: what master, bus and workers manage a second."""
    tile = 32
    source = blank(rig, 16 if rig.quick else 64)
    height = (16 if rig.quick else 64) * TILE
    tiles = ACROSS * TILE // tile * height // tile
    with rig.dropper(rig.mill("mill-dispatch", EMPTY, program=HOOKS, workers=2, tile=tile)) as dropper:
        values = in_turn(min(rig.rounds, 3), {"dropmill": lambda i: tiles / dropper.drop(source, f"d{i}")})
        dropper.mill.wait_idle()
        spent = dropper.mill.json("/api/jobs/" + dropper.mill.jobs()[0]["id"])["spent"]
    rig.row(7, f"tasks a second through one master and two workers ({tiles} empty tiles)", "1/s",
            {"dropmill": values["dropmill"]}, detail=spent,
            note=f"of the last run: plan {spent['codec']['plan_us'] / 1e6:.2f} s of {spent['master']['total_us'] / 1e6:.2f} s")


def run(rig):
    if not os.path.exists(HOOKS):
        raise Skip(f"{HOOKS} is not built (make hooks)")
    for workers in [1, 4] if rig.quick else [1, 2, 4, 8, 16]:
        scale(rig, workers)
    dispatch(rig)
