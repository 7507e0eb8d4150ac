# SPDX-License-Identifier: GPL-2.0-or-later
"""What a definition says beyond steps: conditions, what is taken, how big and how often."""
import os
import shutil

import pytest

from test_once import once

CONDITIONS = """
vars: {wide: 1500}
steps:
  - when: width > ${wide}
    steps: [flip, {crop: {width: 700, height: 500}}, invert]
  - {grayscale: , when: format == "tiff"}
outputs:
  - name: "{stem}.png"
  - {name: "{stem}-small.png", when: width < 1000}
  - {name: "{stem}-large.png", when: "not (width < 1000)", steps: [flop]}
"""


@pytest.fixture
def place(make_mill):
    """A mill's folder, nothing started."""
    return make_mill()


@pytest.mark.parametrize("lane", [[], ["--tile", "128"]])
def test_conditions_choose_steps_and_outputs(place, pictures, lane):
    place.pipeline("x", CONDITIONS)
    large = pictures.picture(width=1601, height=1003, ending=".png", seed=3)
    small = pictures.picture(width=1203, height=801, ending=".tif", seed=4)
    shutil.copyfile(large, place.path("stage", "a.png"))
    shutil.copyfile(small, place.path("stage", "b.tif"))
    done = once(place, "x", place.path("stage", "a.png"), place.path("stage", "b.tif"), "--out", place.path("results"),
                "--workers", "2", *lane)
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(place.path("results"))) == ["a-small.png", "a.png", "b-large.png", "b.png"]
    cut = ["flip", "crop:left=0,top=0,width=700,height=500", "invert"]
    for name, source, steps in (("a", large, cut), ("a-small", large, cut), ("b", small, ["grayscale"]),
                                ("b-large", small, ["grayscale", "flop"])):
        wanted = pictures.reference(source, steps, ".png")
        pictures.assert_same(place.path("results", f"{name}.png"), wanted, place.folder)


@pytest.mark.parametrize("lane", [[], ["--tile", "128"]])
def test_a_picture_of_which_nothing_is_made_says_so(place, pictures, lane):
    place.pipeline("x", 'steps: [grayscale]\noutputs: [{name: "{stem}.png", when: width < 10}]\n')
    shutil.copyfile(pictures.picture(width=640, height=480, ending=".jpg"), place.path("stage", "a.jpg"))
    done = once(place, "x", place.path("stage", "a.jpg"), "--out", place.path("results"), *lane)
    assert done.returncode == 1
    assert "no output's condition (when:) holds for this picture (jpeg, " in done.stderr


def test_what_is_taken_is_known_by_content(place, pictures):
    place.pipeline("x", "steps: [invert]\naccept: [png, '*.tif']\nreject: ['*draft*']\nlimits: {bytes: 30kB}\n")
    png = pictures.picture(width=61, height=43, ending=".png", seed=5)
    jpg = pictures.picture(width=61, height=43, ending=".jpg", seed=6)
    big = pictures.picture(width=401, height=303, ending=".png", seed=7)
    assert os.path.getsize(big) > 30000
    place.start()
    place.drop(jpg, "x", "jpeg-inside.png")
    place.drop(jpg, "x", "other.jpg")
    place.drop(png, "x", "draft.png")
    place.drop(png, "x", "without-ending")
    place.drop(big, "x", "big.png")
    place.wait_output("x", "without-ending.png")
    reason = place.wait_failed("x", "big.png")
    assert f"the file has {os.path.getsize(big)} bytes, more than 30000 (limits: bytes)" in reason
    for name in ("jpeg-inside.png", "other.jpg", "draft.png"):
        assert os.path.exists(place.inbox("x", name)), name
    place.stop()
