# SPDX-License-Identifier: GPL-2.0-or-later
"""Outputs are what libvips makes of the whole picture, however it was cut, by however many workers, over whichever plane.

`make test` runs a reduced matrix in which every pair of values meets; `make exact` the whole one, with more random chains.
DROPMILL_SEED chooses others.
"""
import os

import pytest

import matrix
from mill import BINARY, TOP, Mill
from waiting import PATIENCE

FULL = os.environ.get("DROPMILL_EXACT") == "full"
SEED = int(os.environ.get("DROPMILL_SEED", "1"))
RANDOM = matrix.random_chains(40 if FULL else 8, SEED)
CASES = matrix.full() if FULL else matrix.pairwise()
# Chains that are local and keep the size: whatever the tile size, the picture must have been cut.
CUT = {"grayscale", "blur", "blur-wide", "blur-plain", "sharpen", "sharpen-twice", "rotate-90", "rotate-180", "rotate-270", "flip", "flop",
       "invert", "lab", "modulate", "border", "rotate-12", "vips-sobel", "vips-canny", "grey-blur", "flip-blur", "rotate-sobel",
       "crop-invert-blur", "transpose", "pad-mirror", "pad-blur", "wrap", "tile"}
# Sanitized programs have the hooks built in.
HOOKS = BINARY if os.environ.get("DROPMILL_SANITIZED") else os.path.join(TOP, "hooks", "dropmill")


def definition(chain, ending):
    steps = "".join(f"  - {step}\n" for step in matrix.CHAINS[chain][0])
    quality = ", quality: 90" if ending == ".jpg" else ""
    return f"steps:\n{steps}outputs:\n  - {{name: \"{{stem}}{ending}\"{quality}}}\n"


def pipeline_name(chain, ending):
    return f"{chain}-{ending[1:]}"


def source_of(pictures, kind):
    return pictures.picture(width=matrix.WIDTH, height=matrix.HEIGHT, **matrix.KINDS[kind][0])


def wanted(pictures, chain, kind):
    ending = matrix.KINDS[kind][1]
    quality = 90 if ending == ".jpg" else None
    return pictures.reference(source_of(pictures, kind), matrix.CHAINS[chain][1], ending, quality)


def run_cases(mill, pictures, cases):
    """Mills each case and compares; returns the complaints."""
    complaints = []
    for chain, kind in cases:
        source, ending = source_of(pictures, kind), matrix.KINDS[kind][1]
        stem = f"{kind}_{chain}".replace("-", "_")
        mill.drop(source, pipeline_name(chain, ending), stem + os.path.splitext(source)[1])
    for chain, kind in cases:
        ending = matrix.KINDS[kind][1]
        stem = f"{kind}_{chain}".replace("-", "_")
        try:
            got = mill.wait_output(pipeline_name(chain, ending), stem + ending, seconds=120)
            pictures.assert_same(got, wanted(pictures, chain, kind), mill.folder, f"{chain} of {kind}")
        except AssertionError as error:
            complaints.append(str(error))
    return complaints


def prepare(mill, cases):
    for chain, kind in cases:
        ending = matrix.KINDS[kind][1]
        mill.pipeline(pipeline_name(chain, ending), definition(chain, ending))


@pytest.mark.parametrize("setting", [s for s in CASES if CASES[s]], ids=lambda s: f"tile{s[0]}-workers{s[1]}-{s[2]}")
def test_identical_to_libvips(make_mill, pictures, setting):
    tile, workers, plane = setting
    cases = CASES[setting]
    mill = make_mill({"unused": "steps: [invert]\n"})
    prepare(mill, cases)
    mill.start(tile=tile, workers=workers, payload=plane)
    complaints = run_cases(mill, pictures, cases)
    assert not complaints, f"{len(complaints)} of {len(cases)}:\n" + "\n".join(complaints)
    mill.wait_idle(done=len(cases), failed=0)
    assert {worker["plane"] for worker in mill.workers()} == {plane}
    jobs = mill.jobs("&state=done")
    # A matrix that ran whole would prove nothing about tiles.
    whole = {job["pipeline"].rsplit("-", 1)[0] for job in jobs if job["lane"] == "whole"}
    assert not whole & CUT, f"not cut into tiles: {sorted(whole & CUT)}"
    assert "vips-global" not in {job["pipeline"].rsplit("-", 1)[0] for job in jobs if job["lane"] == "tiled"}
    for job in jobs:
        assert job["tiles"]["done"] == job["tiles"]["total"], job
        assert job["lane"] == "whole" or job["tiles"]["total"] > 1, job


@pytest.mark.parametrize("plane", matrix.PLANES)
def test_a_broken_margin_is_found(folder, pictures, plane):
    """The comparison can fail: with a hook that spoils the pixels round each tile, it must."""
    if not os.path.exists(HOOKS):
        pytest.fail(f"{HOOKS} is not built: make hooks")
    mill = Mill(os.path.join(folder, "hooks"), HOOKS)
    cases = [("grey-blur", "rgb"), ("vips-sobel", "grey")]
    prepare(mill, cases)
    try:
        # Tiles are sent a few pixels more than their corners ask for; the hook has to reach past those.
        mill.start(tile=128, workers=2, payload=plane, env={"DROPMILL_TEST_BREAK_MARGIN": "6"})
        complaints = run_cases(mill, pictures, cases)
        assert len(complaints) == 2, complaints
        assert all("bytes of pixels differ" in complaint for complaint in complaints), complaints
        mill.stop()
        # And the same program without the hook is exact: the difference came from the margin alone.
        again = Mill(os.path.join(folder, "again"), HOOKS)
        prepare(again, cases)
        again.start(tile=128, workers=2, payload=plane)
        try:
            assert not run_cases(again, pictures, cases)
            again.stop()
        finally:
            again.abandon()
    finally:
        mill.abandon()


def test_a_large_picture_is_exact_with_defaults(make_mill, pictures):
    """Tile size, ring and windows as they come; a picture of many bands of tiles, one output of two cut, one resized."""
    source = pictures.picture(width=6017, height=4003, ending=".jpg", seed=21)
    mill = make_mill({"big": (
        "steps: [grayscale, {blur: 3}]\n"
        "outputs:\n"
        "  - {name: \"{stem}.jpg\", quality: 85}\n"
        "  - name: \"{stem}-half.png\"\n"
        "    steps: [{resize: {scale: 0.5}}]\n"
    )}).start(workers=2)
    mill.drop(source, "big", "large.jpg")
    steps = ["grayscale", "blur:sigma=3"]
    first = pictures.reference(source, steps, ".jpg", quality=85)
    second = pictures.reference(source, [*steps, "resize:scale=0.5"], ".png")
    pictures.assert_same(mill.wait_output("big", "large.jpg", seconds=120 * PATIENCE), first, mill.folder)
    pictures.assert_same(mill.wait_output("big", "large-half.png", seconds=120 * PATIENCE), second, mill.folder)
    mill.wait_idle(done=1, failed=0)
    job = mill.jobs()[0]
    assert job["lane"] == "tiled"
    assert (job["width"], job["height"]) == (6017, 4003)
