# SPDX-License-Identifier: GPL-2.0-or-later
"""strip, keep and density as steps: what an output's file says of itself, cut into tiles or not; its pixels are as without them."""
import os

import pytest

from mill import ROOT
from pictures import run

PAGES = os.path.join(ROOT, "build", "tests", "pages")

PIPELINES = {
    "all": "steps: [invert]\n",
    "strip": "steps: [invert, strip]\n",
    "upright": "steps: [auto_orient, strip, invert]\n",
    # The tag is gone before it could turn the picture: in the encoder's header and in the workers' alike.
    "never": "steps: [strip, auto_orient, invert]\n",
    "exif": "steps: [{keep: exif}, {density: {x: 150, unit: cm}}, invert]\n",
    "tag": "steps: [{strip: {keep: [orientation]}}, {dpi: 254}, invert]\n",
}


def fields(path):
    return dict(part.partition("=")[::2] for part in run([PAGES, "fields", path]).split())


@pytest.mark.parametrize("tile", [128, 4000])
def test_metadata_goes_and_stays(make_mill, pictures, tile):
    source = pictures.picture(width=700, height=500, ending=".jpg", seed=31, orientation=6)
    definitions = {name: text + 'outputs: [{name: "{stem}.png"}]\n' for name, text in PIPELINES.items()}
    mill = make_mill(definitions).start(tile=tile, workers=2)
    for name in PIPELINES:
        mill.drop(source, name, "a.jpg")
    said = {name: fields(mill.wait_output(name, "a.png")) for name in PIPELINES}
    mill.wait_idle(done=len(PIPELINES), failed=0)
    assert {job["lane"] for job in mill.jobs()} == {"tiled" if tile == 128 else "whole"}
    assert {name: said[name]["orientation"] for name in said} == {
        "all": "6", "strip": "1", "upright": "1", "never": "1", "exif": "1", "tag": "6"}
    assert (said["exif"]["density"], said["tag"]["density"]) == ("15.000", "10.000")
    outputs = {job["pipeline"]: (job["outputs"][0]["width"], job["outputs"][0]["height"]) for job in mill.jobs()}
    assert outputs == {name: (500, 700) if name == "upright" else (700, 500) for name in PIPELINES}
    plain = pictures.reference(source, ["invert"], ".png")
    for name in ("strip", "never", "exif", "tag"):
        pictures.assert_same(mill.out(name, "a.png"), plain, mill.folder, name)
