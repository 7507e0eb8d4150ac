# SPDX-License-Identifier: GPL-2.0-or-later
"""`dropmill explain` and `once --dry-run` tell what would happen, truly, and do nothing."""
import json
import os
import subprocess

import pytest

from waiting import PATIENCE

WEB = (
    "steps:\n  - auto_orient\n  - blur: {sigma: 2}\n"
    "outputs:\n"
    "  - {name: \"{stem}-{width}x{height}.jpg\"}\n"
    "  - {name: \"small/{hash}.webp\", steps: [{resize: {width: 300}}]}\n"
    "  - {name: \"{stem}-huge.png\", when: \"width > 9000\"}\n"
)
GLOBAL = "steps:\n  - blur: {sigma: 2}\n  - normalize\n"


@pytest.fixture
def place(make_mill):
    return make_mill({"web": WEB, "global": GLOBAL, "broken": "steps: [blurr]\n"})


@pytest.fixture
def large(pictures):
    return pictures.picture(width=1501, height=1003, ending=".png")


def run(place, *words):
    done = subprocess.run([place.binary, *words], capture_output=True, text=True, check=False, cwd=place.folder,
                          timeout=60 * PATIENCE, env=place.environment(), stdin=subprocess.DEVNULL)
    place.check_clean()
    return done


def explain(place, *words):
    done = run(place, "explain", "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_picture_in_tiles(place, large):
    (told,) = explain(place, "web", large, "--tile", "256")
    assert told["lane"] == "tiled" and "step" not in told
    assert (told["source"]["width"], told["source"]["height"], told["source"]["format"]) == (1501, 1003, "png")
    first, second, third = told["outputs"]
    assert os.path.basename(first["path"]).endswith("-1501x1003.jpg") and not first["exists"]
    assert (first["tiles"]["columns"], first["tiles"]["rows"], first["tiles"]["width"]) == (6, 4, 256)
    # sigma 2 reaches 4 pixels; a few more are asked for, because operations round outwards
    assert 4 <= first["tiles"]["margin"] <= 10
    assert (second["width"], second["height"], second["format"]) == (300, 200, "webp")
    assert not third["made"] and third["when"] == "width > 9000"
    assert told["tiles"] == sum(o["tiles"]["total"] for o in (first, second))
    assert told["memory"]["kind"] == "rings" and 0 < told["memory"]["bytes"] < 64 << 20
    assert not os.listdir(place.out()), "nothing is done"


def test_colours_that_are_converted_are_told(make_mill, pictures):
    mill = make_mill({"web": "steps: [blur: {sigma: 2}]\noutputs:\n  - {name: \"{stem}.png\"}\n  - {name: \"{stem}.jpg\", strip: true}\n"})
    p3 = pictures.picture(width=501, height=403, profile="p3")
    for words in ([], ["--tile", "128"]):
        (told,) = explain(mill, "web", p3, *words)
        assert told["lane"] == ("tiled" if words else "whole") and "step" not in told
        assert [output.get("colours") for output in told["outputs"]] == [None, "srgb"]
        assert [[step["text"] for step in output["implied"]] for output in told["outputs"]] == [[], ["icc: {profile: srgb}"]]
    line = "after icc: {profile: srgb} (implied: the output keeps no profile, so its colours become sRGB)"
    assert run(mill, "explain", "web", p3).stdout.count(line) == 1
    srgb = pictures.picture(width=501, height=403, profile="srgb")
    assert "sRGB" not in run(mill, "explain", "web", srgb).stdout


def test_what_a_format_cannot_hold_is_told(make_mill, pictures):
    """CMYK, 16 bits and alpha; the file's bands and bits are those after it."""
    mill = make_mill({"web": "steps: []\noutputs:\n  - {name: \"{stem}.jpg\"}\n  - {name: \"{stem}.png\"}\n"})

    def told(picture):
        outputs = explain(mill, "web", picture)[0]["outputs"]
        return [([step["text"] for step in output["implied"]], output["bands"], output["bits"]) for output in outputs]

    deep = pictures.picture(width=160, height=120, bands=4, depth=16)
    assert told(deep) == [(["cast: {depth: 8}", "flatten: {background: black}"], 3, 8), ([], 4, 16)]
    ink = pictures.picture(width=160, height=120, bands=4, cmyk=True, ending=".jpg")
    assert told(ink) == [([], 4, 8), (["icc: {profile: srgb}"], 3, 8)]


def test_what_is_told_is_what_is_done(place, large):
    """Names, sizes, formats, lane: as the mill has them afterwards."""
    (told,) = explain(place, "web", large, "--tile", "256")
    place.start(workers=2, tile=256)
    place.drop(large, "web")
    place.wait_idle(done=1, failed=0)
    (job,) = place.jobs()
    assert job["lane"] == told["lane"] and job["tiles"]["total"] == told["tiles"]
    assert [(o["path"], o["width"], o["height"]) for o in job["outputs"]] == [
        (os.path.relpath(o["path"], "out"), o["width"], o["height"]) for o in told["outputs"] if o["made"]
    ]
    place.stop()
    (again,) = explain(place, "web", large)
    assert [o.get("exists") for o in again["outputs"]] == [True, True, None]


def test_small_pictures_run_whole(place, large):
    (told,) = explain(place, "web", large)
    assert told["lane"] == "whole" and told["why"] == "small picture" and told["tiles"] == 1
    assert told["memory"] == {"bytes": 1501 * 1003 * 3, "kind": "decoded"}


def test_the_step_that_makes_it_global_is_named(place, large):
    (told,) = explain(place, "global", large, "--tile", "256")
    assert told["lane"] == "whole"
    assert (told["step"]["op"], told["step"]["number"], told["step"]["line"]) == ("normalize", 2, 3)
    text = run(place, "explain", "global", large, "--tile", "256").stdout
    assert "step 2 (normalize, line 3) always keeps it whole" in text


def test_for_people(place, large):
    done = run(place, "explain", place.path("pipelines", "web.yaml"), large, "--tile", "256")
    assert done.returncode == 0 and not done.stderr
    for part in ("1501 x 1003 pixels", "tiles, on all workers", "6 x 4 tiles of 256 x 256", "shared memory", "300 x 200 pixels", "not so: width > 9000"):
        assert part in done.stdout, done.stdout


def test_once_dry_run_does_nothing(place, large):
    done = run(place, "once", "--dry-run", "web", large, "--out", place.path("results"), "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert place.path("results", "small") in done.stdout
    assert not os.path.exists(place.path("results"))
    told = json.loads(run(place, "once", "--dry-run", "--json", "web", large).stdout)
    assert told[0]["outputs"][0]["path"].startswith(place.path("out") + "/")


def test_errors(place, large):
    missing = run(place, "explain", "web", large, place.path("none.png"))
    assert missing.returncode == 1 and "would fail" in missing.stderr and "none.png" in missing.stderr
    assert "1501 x 1003" in missing.stdout, "the others are told"
    unknown = run(place, "explain", "wbe", large)
    assert unknown.returncode == 1 and "did you mean 'web'?" in unknown.stderr
    broken = run(place, "explain", "broken", large)
    assert broken.returncode == 1 and "broken.yaml:1:9: unknown operation 'blurr'" in broken.stderr
    for words in ([], ["web"], ["web", large, "--tile", "3"], ["web", large, "--bogus"]):
        done = run(place, "explain", *words)
        assert done.returncode == 2 and done.stderr
