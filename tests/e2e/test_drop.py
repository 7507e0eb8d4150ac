# SPDX-License-Identifier: GPL-2.0-or-later
"""However a file gets into an inbox, it comes out once, right, and its original is dealt with."""
import os
import shutil

import pytest

from waiting import stays, wait_until

STEPS = ["grayscale", "blur:sigma=1"]


@pytest.fixture
def photo(pictures):
    return pictures.picture(width=640, height=480, ending=".png")


def check(pictures, mill, photo, *output):
    pictures.assert_same(mill.wait_output(*output), pictures.reference(photo, STEPS, ".png"), mill.folder)


def archived(mill, *name):
    path = mill.inbox("mono", "_done", *name)
    wait_until(lambda: os.path.exists(path), path)
    assert not os.path.exists(mill.inbox("mono", *name))
    return path


@pytest.mark.parametrize("how", ["move", "copy", "link", "slow"])
def test_a_file_comes_out_once(mill, pictures, photo, how):
    mill.drop(photo, "mono", "a.png", how=how)
    check(pictures, mill, photo, "mono", "a.png")
    archived(mill, "a.png")
    status = mill.wait_idle(done=1, failed=0)
    assert status["jobs"]["done"] == 1
    assert os.listdir(mill.out("mono")) == ["a.png"]
    mill.stop()
    with open(archived(mill, "a.png"), "rb") as kept, open(photo, "rb") as dropped:
        assert kept.read() == dropped.read()


def test_a_pause_longer_than_a_write_but_shorter_than_settle_does_not_split_a_file(make_mill, pictures, photo):
    mill = make_mill({"mono": "settle: 1s\nsteps: [grayscale, {blur: 1}]\n"}).start(workers=1)
    mill.drop(photo, "mono", "slow.png", how="slow", pause=0.4, pieces=5)
    check(pictures, mill, photo, "mono", "slow.png")
    mill.wait_idle(done=1, failed=0)


def test_a_folder_moved_in_is_mirrored(mill, pictures, photo):
    tree = mill.path("stage", "holiday")
    for place in ("", "day1", "day1/deep", "day2"):
        os.makedirs(os.path.join(tree, place), exist_ok=True)
        shutil.copyfile(photo, os.path.join(tree, place, "p.png"))
    os.rename(tree, mill.inbox("mono", "holiday"))
    for place in ("", "day1", "day1/deep", "day2"):
        check(pictures, mill, photo, "mono", "holiday", place, "p.png")
        archived(mill, "holiday", place, "p.png")
    mill.wait_idle(done=4, failed=0)


def test_a_folder_copied_in_is_mirrored(mill, photo):
    tree = mill.path("stage", "tree")
    names = [f"d{i % 7}/e{i % 3}/f{i}.png" for i in range(40)]
    for name in names:
        os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
        shutil.copyfile(photo, os.path.join(tree, name))
    shutil.copytree(tree, mill.inbox("mono", "tree"))
    for name in names:
        mill.wait_output("mono", "tree", name)
    assert mill.wait_idle(done=len(names), failed=0)["jobs"]["done"] == len(names)


def test_sub_folders_are_left_alone_when_not_recursive(make_mill, photo):
    mill = make_mill({"flat": "recursive: false\nsteps: [invert]\n"}).start(workers=1)
    mill.drop(photo, "flat", "sub/in.png")
    mill.drop(photo, "flat", "top.png")
    mill.wait_output("flat", "top.png")
    mill.wait_idle(done=1, failed=0)
    assert os.path.exists(mill.inbox("flat", "sub", "in.png"))


def test_files_there_at_start_are_taken(make_mill, pictures, photo):
    mill = make_mill()
    for name in ("one.png", "deep/two.png"):
        os.makedirs(os.path.dirname(mill.inbox("mono", name)), exist_ok=True)
        shutil.copyfile(photo, mill.inbox("mono", name))
    mill.start(workers=2)
    check(pictures, mill, photo, "mono", "one.png")
    check(pictures, mill, photo, "mono", "deep", "two.png")
    mill.wait_idle(done=2, failed=0)


def test_many_files_at_once(mill, pictures):
    small = [pictures.picture(width=64, height=48, seed=seed, ending=".png") for seed in range(5)]
    for i in range(200):
        mill.drop(small[i % 5], "mono", f"m{i:03}.png")
    for i in range(200):
        wanted = pictures.reference(small[i % 5], STEPS, ".png")
        pictures.assert_same(mill.wait_output("mono", f"m{i:03}.png"), wanted, mill.folder)
    assert mill.wait_idle(done=200, failed=0)["jobs"]["done"] == 200
    assert len(os.listdir(mill.inbox("mono", "_done"))) == 200
    assert len(mill.jobs()) == 200


def test_the_same_name_again_replaces_the_output_and_keeps_both_originals(mill, pictures, photo):
    other = pictures.picture(width=320, height=240, seed=9, ending=".png")
    mill.drop(photo, "mono", "same.png")
    check(pictures, mill, photo, "mono", "same.png")
    mill.wait_idle(done=1)
    mill.drop(other, "mono", "same.png")
    mill.wait_idle(done=2, failed=0)
    check(pictures, mill, other, "mono", "same.png")
    kept = sorted(os.path.getsize(mill.inbox("mono", "_done", n)) for n in os.listdir(mill.inbox("mono", "_done")))
    assert kept == sorted([os.path.getsize(photo), os.path.getsize(other)])


def test_two_outputs_of_one_picture(make_mill, pictures):
    source = pictures.picture(width=1600, height=1200, ending=".jpg")
    mill = make_mill({"web": (
        "steps: [grayscale]\n"
        "outputs:\n"
        "  - {name: \"{stem}.jpg\", quality: 82}\n"
        "  - name: \"{stem}-small.png\"\n"
        "    steps: [{resize: {width: 400}}]\n"
    )}).start(workers=2)
    mill.drop(source, "web", "a.jpg")
    big = pictures.reference(source, ["grayscale"], ".jpg", quality=82)
    small = pictures.reference(source, ["grayscale", "resize:width=400"], ".png")
    pictures.assert_same(mill.wait_output("web", "a.jpg"), big, mill.folder)
    pictures.assert_same(mill.wait_output("web", "a-small.png"), small, mill.folder)
    outputs = mill.jobs()[0]["outputs"] if mill.wait_idle(done=1) else None
    assert sorted((o["width"], o["height"]) for o in outputs) == [(400, 300), (1600, 1200)]


@pytest.mark.parametrize("fate", ["archive", "delete", "keep"])
def test_originals(make_mill, photo, fate):
    mill = make_mill({"p": f"originals: {fate}\nsteps: [invert]\n"}).start(workers=1)
    mill.drop(photo, "p", "o.png")
    mill.wait_output("p", "o.png")
    mill.wait_idle(done=1, failed=0)
    done = mill.inbox("p", "_done", "o.png")
    if fate == "archive":
        wait_until(lambda: os.path.exists(done), done)
        assert not os.path.exists(mill.inbox("p", "o.png"))
    elif fate == "delete":
        wait_until(lambda: not mill_files(mill, "p"), lambda: f"nothing left: {mill_files(mill, 'p')}")
    else:
        wait_until(lambda: os.path.exists(mill.inbox("p", "o.png")), "the original in its place")
        # It must not be milled again for lying there, nor after a restart.
        stays(lambda: mill.status()["jobs"]["done"] == 1, "milled twice", 1.5)
    mill.stop()


def mill_files(mill, pipeline):
    return [name for _, _, names in os.walk(mill.inbox(pipeline)) for name in names]


@pytest.mark.parametrize("name", ["-dash.png", "two words.png", "quote\"'.png", "neue\nzeile.png", "grüße.png", "%2e.png", "invalid\udcff.png", 251 * "x" + ".png"])
def test_odd_names(mill, pictures, photo, name):
    mill.drop(photo, "mono", name)
    check(pictures, mill, photo, "mono", name)
    mill.wait_idle(done=1, failed=0)
    assert len(mill.jobs()) == 1


def test_names_of_unfinished_files_are_left_alone(mill, photo):
    ignored = [".hidden.png", "a.png.part", "b.crdownload", "c.tmp", "d.png~"]
    for name in ignored:
        mill.drop(photo, "mono", name)
    mill.drop(photo, "mono", "last.png")
    mill.wait_output("mono", "last.png")
    assert mill.wait_idle(done=1)["jobs"] == {"queued": 0, "running": 0, "done": 1, "failed": 0}
    for name in ignored:
        assert os.path.exists(mill.inbox("mono", name))
    # The name that a browser or rsync gives in the end makes it a file like any other.
    os.rename(mill.inbox("mono", "a.png.part"), mill.inbox("mono", "a.png"))
    mill.wait_output("mono", "a.png")


def test_the_shipped_definitions_work(make_mill, pictures):
    """Every file in pipelines/ checks, and gives an output for a photograph."""
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "pipelines")
    names = sorted(os.path.splitext(n)[0] for n in os.listdir(root) if n.endswith(".yaml"))
    assert {"archive", "contact", "mono", "print", "web"} <= set(names)
    texts = {}
    for name in names:
        with open(os.path.join(root, f"{name}.yaml"), encoding="utf-8") as file:
            texts[name] = file.read()
    mill = make_mill(texts).start(workers=2)
    source = pictures.picture(width=2400, height=1800, ending=".jpg", orientation=6)
    for name in names:
        mill.drop(source, name, "photo.jpg")
    mill.wait_idle(done=len(names), failed=0)
    for name in names:
        assert os.listdir(mill.out(name)), f"{name} made no output"
