# SPDX-License-Identifier: GPL-2.0-or-later
"""strip, keep and density as steps: what an output's file says of itself, cut into tiles or not; its pixels are as without them."""
import os
import struct

import pytest

from mill import TOP
from pictures import run

PAGES = os.path.join(TOP, "tests", "pages")

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


def tiff_tags(path):
    """The tags of a TIFF's first directory."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:4] == b"II*\0", data[:4]
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    return [struct.unpack_from("<H", data, at + 2 + 12 * i)[0] for i in range(count)]


@pytest.mark.parametrize("tile", [128, 4000])
def test_exif_reaches_tiff(make_mill, pictures, tile):
    """Encoded in strips, or by libvips' saver, from a sandbox: the same file."""
    source = pictures.picture(width=2400, height=1800, ending=".jpg", seed=32, orientation=6)
    end = "compression: deflate, predictor: horizontal"
    definitions = {
        "print": f"steps: [auto_orient]\noutputs: [{{name: \"{{stem}}.tif\", {end}}}]\n",
        "archive": f"steps: []\noutputs: [{{name: \"{{stem}}.tif\", {end}, tiled: true, pyramid: true}}]\n",
        "bare": f"steps: [auto_orient]\noutputs: [{{name: \"{{stem}}.tif\", {end}, strip: true}}]\n",
    }
    mill = make_mill(definitions).start(tile=tile, workers=2)
    for name in definitions:
        mill.drop(source, name, "a.jpg")
    tags = {name: tiff_tags(mill.wait_output(name, "a.tif")) for name in definitions}
    mill.wait_idle(done=len(definitions), failed=0)
    for name, found in tags.items():
        assert found == sorted(set(found)), name
        assert (34665 in found) == (name != "bare"), name  # EXIF's own directory
    assert (fields(mill.out("print", "a.tif"))["orientation"], fields(mill.out("archive", "a.tif"))["orientation"]) == ("1", "6")
    pictures.assert_same(mill.out("print", "a.tif"), pictures.reference(source, ["auto_orient"], ".tif"), mill.folder)


@pytest.mark.parametrize("tile", [128, 4000])
def test_what_a_format_does_not_hold_is_said(make_mill, pictures, tile):
    source = pictures.picture(width=700, height=500, ending=".jpg", seed=33, orientation=6)
    outputs = '{name: "{stem}.gif"}, {name: "{stem}.png"}, {name: "{stem}-bare.gif", strip: true}'
    mill = make_mill({"three": f"steps: [auto_orient]\noutputs: [{outputs}]\n"}).start(tile=tile, workers=2)
    mill.drop(source, "three", "a.jpg")
    mill.wait_idle(done=1, failed=0)
    notes = {os.path.basename(output["path"]): output["note"] for output in mill.jobs()[0]["outputs"]}
    said = "its format does not hold the original's EXIF"
    assert notes == {"a.gif": said, "a.png": None, "a-bare.gif": None}
    assert mill.log().count(f"three/a.jpg: a.gif: {said}") == 1
    # The history says it, too, in a mill that was started again.
    mill.stop()
    mill.start(tile=tile, workers=1)
    assert said in [output["note"] for output in mill.jobs()[0]["outputs"]]
