# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of outputs: what templates stand for, and what happens when a name is taken (on_conflict)."""
import datetime
import hashlib
import os
import shutil
import time

import pytest

from test_once import once
from waiting import wait_until

JPEG = "steps: [grayscale]\noutputs:\n  - {name: \"%s\"}\n"


@pytest.fixture
def photo(pictures):
    return pictures.picture(width=64, height=48, ending=".png")


@pytest.fixture
def other(pictures):
    return pictures.picture(width=80, height=60, seed=9, ending=".png")


def tree(mill, pipeline):
    top = mill.out(pipeline)
    return sorted(
        os.path.relpath(os.path.join(where, name), top) for where, _, names in os.walk(top) for name in names
    )


def width(path):
    """Of a PNG file: the header says it."""
    with open(path, "rb") as file:
        return int.from_bytes(file.read(20)[16:20], "big")


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def mill_of(make_mill, name, more="", **options):
    return make_mill({"p": more + JPEG % name}).start(workers=2, **options)


def outputs(mill, source):
    return next(job for job in mill.jobs() if job["source"] == source)["outputs"]


def test_every_placeholder(make_mill, photo):
    mill = make_mill({"p": (
        "outputs:\n"
        "  - {name: \"{date:%Y/%m}/{stem}-{pipeline}.{ext}\"}\n"
        "  - {name: \"{width}x{height:04}/{stem}.png\", steps: [{resize: {width: 32}}]}\n"
        "  - {name: \"{hash}.png\"}\n"
        "  - {name: \"{n:03}.png\"}\n"
    )}).start(workers=1)
    before = datetime.date.today()
    mill.drop(photo, "p", "sub/a.png")
    mill.wait_idle(done=1, failed=0)
    months = {day.strftime("%Y/%m") for day in (before, datetime.date.today())}
    digits = hashlib.sha256(contents(photo)).hexdigest()[:12]
    assert tree(mill, "p") in [
        sorted([f"sub/{month}/a-p.png", "sub/32x0024/a.png", f"sub/{digits}.png", "sub/001.png"]) for month in months
    ]
    mill.stop()


def test_names_with_sizes_of_a_picture_in_tiles(make_mill, pictures):
    mill = mill_of(make_mill, "{stem}-{width}x{height}.png", tile=128)
    source = pictures.picture(width=700, height=500, ending=".png")
    mill.drop(source, "p", "t.png")
    path = mill.wait_output("p", "t-700x500.png")
    pictures.assert_same(path, pictures.reference(source, ["grayscale"], ".png"), mill.folder)
    mill.wait_idle(done=1, failed=0)
    assert mill.jobs()[0]["lane"] == "tiled"


def test_an_output_that_a_condition_leaves_out_takes_no_name(make_mill, photo):
    mill = make_mill({"p": (
        "outputs:\n"
        "  - {name: \"{stem}-big.png\", when: \"width > 5000\"}\n"
        "  - {name: \"{stem}-{width}.png\"}\n"
        "  - {name: \"{stem}.webp\"}\n"
    )}).start(workers=1)
    mill.drop(photo, "p", "a.png")
    mill.wait_idle(done=1, failed=0)
    assert tree(mill, "p") == ["a-64.png", "a.webp"]
    mill.stop()


def test_each_original_has_one_number_for_ever(make_mill, photo):
    mill = mill_of(make_mill, "{n}.png")
    for done, name in enumerate(["b.png", "a.png", "sub/b.png"]):
        mill.drop(photo, "p", name)
        mill.wait_idle(done=done + 1, failed=0)
    assert tree(mill, "p") == ["1.png", "2.png", "sub/3.png"]
    mill.stop()
    mill.start(workers=1)
    mill.drop(photo, "p", "a.png")
    mill.wait_idle(done=4)
    mill.drop(photo, "p", "z.png")
    mill.wait_idle(done=5, failed=0)
    assert tree(mill, "p") == ["1.png", "2.png", "4.png", "sub/3.png"]
    mill.stop()


def test_different_originals_get_different_names_and_keep_them(make_mill, photo, other):
    mill = mill_of(make_mill, "{stem}.webp")
    mill.drop(photo, "p", "a.png")
    mill.wait_idle(done=1)
    mill.drop(other, "p", "a.PNG")
    mill.wait_idle(done=2, failed=0)
    assert tree(mill, "p") == ["a-2.webp", "a.webp"]
    first, second = contents(mill.out("p", "a.webp")), contents(mill.out("p", "a-2.webp"))
    assert first != second
    note = "renamed to a-2.webp because a.webp was made from a.png"
    assert [o["note"] for o in outputs(mill, "a.PNG")] == [note]
    assert [o["note"] for o in outputs(mill, "a.png")] == [None]
    assert f"p/a.PNG: {note}" in mill.log()
    # Dropped again, in the other order and after a restart: each replaces its own, even when the first name is free by now.
    mill.stop()
    os.unlink(mill.out("p", "a.webp"))
    mill.start(workers=2)
    assert [o["note"] for o in outputs(mill, "a.PNG")] == [note], "the history keeps the reason"
    mill.drop(photo, "p", "a.PNG")
    mill.wait_idle(done=3, failed=0)
    assert tree(mill, "p") == ["a-2.webp"]
    assert contents(mill.out("p", "a-2.webp")) == first
    mill.drop(other, "p", "a.png")
    mill.wait_idle(done=4, failed=0)
    assert contents(mill.out("p", "a.webp")) == second
    assert tree(mill, "p") == ["a-2.webp", "a.webp"]
    mill.stop()


def test_many_at_once_that_want_one_name(make_mill, pictures):
    """Two pictures in work never take one path."""
    mill = mill_of(make_mill, "latest.png")
    sizes = list(range(20, 32))
    for size in sizes:
        mill.drop(pictures.picture(width=size, height=16, ending=".png"), "p", f"f{size}.png")
    mill.wait_idle(done=len(sizes), failed=0)
    assert tree(mill, "p") == sorted(["latest.png"] + [f"latest-{i}.png" for i in range(2, len(sizes) + 1)])
    assert sorted(width(mill.out("p", name)) for name in tree(mill, "p")) == sizes
    mill.stop()


@pytest.mark.parametrize("policy", ["rename", "overwrite"])
def test_a_file_that_the_mill_did_not_make_is_never_destroyed(make_mill, photo, policy):
    mill = make_mill({"p": f"on_conflict: {policy}\n" + JPEG % "{stem}.png"})
    os.makedirs(mill.out("p"))
    with open(mill.out("p", "a.png"), "w", encoding="utf-8") as file:
        file.write("precious")
    mill.start(workers=1)
    for done in (1, 2):
        mill.drop(photo, "p", "a.png")
        mill.wait_idle(done=done, failed=0)
        assert tree(mill, "p") == ["a-2.png", "a.png"]
        assert contents(mill.out("p", "a.png")) == b"precious"
    mill.stop()


def test_overwrite_takes_the_place_of_other_originals_in_the_order_of_their_drop(make_mill, pictures):
    mill = make_mill({"p": "on_conflict: overwrite\n" + JPEG % "latest.png"}).start(workers=2)
    for size in range(20, 28):
        mill.drop(pictures.picture(width=size, height=16, ending=".png"), "p", f"f{size}.png")
        time.sleep(0.01)
    mill.wait_idle(done=8, failed=0)
    assert tree(mill, "p") == ["latest.png"]
    assert width(mill.out("p", "latest.png")) == 27
    assert "replaces the one made from f26.png" in mill.log()
    mill.stop()


def test_skip_leaves_what_is_there_and_archives_the_original(make_mill, photo, other):
    mill = make_mill({"p": "on_conflict: skip\n" + JPEG % "{stem}.png"}).start(workers=1)
    mill.drop(photo, "p", "a.png")
    mill.wait_idle(done=1)
    was = contents(mill.out("p", "a.png"))
    mill.drop(other, "p", "a.png")
    mill.wait_idle(done=2, failed=0)
    assert tree(mill, "p") == ["a.png"] and contents(mill.out("p", "a.png")) == was
    assert len(os.listdir(mill.inbox("p", "_done"))) == 2
    job = mill.jobs()[0]
    assert job["state"] == "done" and job["outputs"][0]["skipped"]
    assert job["outputs"][0]["note"].startswith("skipped because ")
    mill.stop()


def test_skip_makes_the_outputs_that_are_not_there(make_mill, photo):
    text = "on_conflict: skip\noutputs:\n  - {name: \"{stem}.png\"}\n  - {name: \"{stem}-{width}.png\"}\n"
    mill = make_mill({"p": text})
    os.makedirs(mill.out("p"))
    for name in ("a.png", "b-64.png"):
        with open(mill.out("p", name), "w", encoding="utf-8") as file:
            file.write("mine")
    mill.start(workers=1)
    mill.drop(photo, "p", "a.png")
    mill.drop(photo, "p", "b.png")
    mill.wait_idle(done=2, failed=0)
    assert tree(mill, "p") == ["a-64.png", "a.png", "b-64.png", "b.png"]
    assert contents(mill.out("p", "a.png")) == contents(mill.out("p", "b-64.png")) == b"mine"
    mill.stop()


@pytest.mark.parametrize("template", ["{stem}.png", "{stem}{width}.png"])
def test_fail_says_so(make_mill, photo, template):
    mill = make_mill({"p": "on_conflict: fail\n" + JPEG % template}).start(workers=1)
    mill.drop(photo, "p", "a.png")
    mill.wait_idle(done=1)
    mill.drop(photo, "p", "a.png")
    reason = mill.wait_failed("p", "a.png")
    assert "is there already" in reason and "on_conflict is fail" in reason
    mill.wait_idle(done=1, failed=1)
    mill.stop()


def test_two_outputs_of_one_picture_that_want_one_name(make_mill, photo):
    text = "outputs:\n  - {name: \"{stem}.png\"}\n  - {name: \"{stem}.{ext}\", steps: [{resize: {width: 32}}]}\n"
    mill = make_mill({"p": text}).start(workers=1)
    for done in (1, 2):
        mill.drop(photo, "p", "a.png")
        mill.wait_idle(done=done, failed=0)
        assert tree(mill, "p") == ["a-2.png", "a.png"]
        assert [width(mill.out("p", name)) for name in ("a.png", "a-2.png")] == [64, 32]
    mill.stop()


def test_the_last_of_two_drops_of_one_name_stays(make_mill, pictures):
    """The first is large and slow, the second small and fast; they are milled one after the other all the same."""
    mill = mill_of(make_mill, "{stem}.png")
    big = pictures.picture(width=3000, height=2000, ending=".png")
    small = pictures.picture(width=33, height=20, ending=".png")
    mill.drop(big, "p", "a.png")
    wait_until(lambda: not os.path.exists(mill.inbox("p", "a.png")), "the first is claimed")
    mill.drop(small, "p", "a.png")
    mill.wait_idle(done=2, failed=0)
    assert tree(mill, "p") == ["a.png"] and width(mill.out("p", "a.png")) == 33
    mill.stop()


def test_a_folder_in_the_way_of_the_second_output(make_mill, photo):
    """It stays in the way for ever: the picture fails with the reason, and is milled when it is dropped again without it. Regression: a
    commit that failed half way was tried again from its first output, whose temp file was gone, for ever."""
    text = "outputs:\n  - {name: \"{stem}.png\"}\n  - {name: \"deep/{width}/{stem}.png\"}\n"
    mill = make_mill({"p": text})
    os.makedirs(mill.out("p"))
    with open(mill.out("p", "deep"), "w", encoding="utf-8") as file:
        file.write("no folder")
    mill.start(workers=1)
    mill.drop(photo, "p", "a.png")
    mill.wait_idle(done=0, failed=1)
    assert "cannot make the folder" in mill.reason("p", "a.png") and "Not a directory" in mill.reason("p", "a.png")
    assert tree(mill, "p") == ["deep"], "the first output was taken back"
    os.unlink(mill.out("p", "deep"))
    mill.drop(photo, "p", "a.png")
    mill.wait_idle(done=1, failed=1)
    assert tree(mill, "p") == ["a.png", "deep/64/a.png"]
    mill.stop()


def test_once_replaces_what_is_there_but_not_what_it_made(make_mill, photo, other):
    place = make_mill({"p": JPEG % "{stem}-{n}.png", "q": JPEG % "{stem}.png", "s": "on_conflict: skip\n" + JPEG % "{stem}.png"})
    for folder, picture in (("one", photo), ("two", other)):
        os.makedirs(place.path("stage", folder))
        shutil.copyfile(picture, place.path("stage", folder, "a.png"))
    files = [place.path("stage", folder, "a.png") for folder in ("one", "two")]
    target = place.path("results")
    for _ in range(2):
        assert once(place, "q", *files, "--out", target).returncode == 0
        assert sorted(os.listdir(target)) == ["a-2.png", "a.png"]
        assert [width(os.path.join(target, name)) for name in ("a.png", "a-2.png")] == [64, 80]
    done = once(place, "s", files[0], "--out", target)
    assert done.returncode == 0 and "skipped because" in done.stderr and not done.stdout
    assert once(place, "p", *files, "--out", place.path("numbers")).returncode == 0
    assert sorted(os.listdir(place.path("numbers"))) == ["a-1.png", "a-2.png"]
