# SPDX-License-Identifier: GPL-2.0-or-later
"""Several outputs share the steps that they have in common, and each is what libvips makes of the whole picture alone."""
import pytest

COMMON = "steps: [grayscale, {blur: 3}]\n"
SCALED = "steps: [{resize: {scale: 0.37}}]\n"
OUTPUTS = ("outputs:\n  - {name: \"{stem}.png\"}\n  - {name: \"{stem}-flat.png\", steps: [invert]}\n"
           "  - {name: \"{stem}-small.png\", steps: [{resize: {scale: 0.6}}, {sharpen: 1}]}\n")


@pytest.mark.parametrize("tile", [None, 200], ids=["whole", "tiled"])
@pytest.mark.parametrize("first", ["local", "scaled"])
def test_each_is_as_if_it_were_alone(make_mill, pictures, tile, first):
    own = {"": [], "-flat": ["invert"], "-small": ["resize:scale=0.6", "sharpen:sigma=1"]}
    before = ["grayscale", "blur:sigma=3"] if first == "local" else ["resize:scale=0.37"]
    mill = make_mill({"three": (COMMON if first == "local" else SCALED) + OUTPUTS})
    mill.start(workers=2, tile=tile)
    source = pictures.picture(width=1237, height=941, ending=".jpg", seed=12)
    mill.drop(source, "three", "a.jpg")
    for part, steps in own.items():
        got = mill.wait_output("three", f"a{part}.png")
        pictures.assert_same(got, pictures.reference(source, before + steps, ".png"), mill.folder, part or "itself")
    assert mill.wait_idle(done=1, failed=0)
    assert mill.jobs()[0]["lane"] == ("tiled" if tile else "whole")
    mill.stop()
