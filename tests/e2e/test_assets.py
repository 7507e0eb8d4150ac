# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that definitions name: watched, kept for the jobs under way, sent to workers that cannot read them."""
import os
import shutil

import pytest

from mill import BINARY, TOP
from waiting import wait_until

# Sanitized programs have the hooks built in.
HOOKS = BINARY if os.environ.get("DROPMILL_SANITIZED") else os.path.join(TOP, "hooks", "dropmill")
# A worker with this reads no asset from a path, as if it were on another machine.
FAR = {"DROPMILL_TEST_NO_ASSET_FILES": "1"}


def definition(logo):
    return (f"steps:\n  - watermark: {{image: \"{logo}\", gravity: northwest, opacity: 0.6}}\n"
            "outputs:\n  - {name: \"{stem}.png\"}\n")


def put(source, target):
    """As an editor saves: whole, by rename."""
    shutil.copyfile(source, target + ".new")
    os.rename(target + ".new", target)


@pytest.fixture
def logo(folder, pictures):
    path = os.path.join(folder, "elsewhere", "logo.png")
    os.makedirs(os.path.dirname(path))
    put(pictures.picture(width=300, height=200, bands=4, seed=5), path)
    return path


def hash_of(mill, name="mark"):
    return next(p["hash"] for p in mill.json("/api/pipelines")["pipelines"] if p["name"] == name)


def copies(mill):
    return sorted(os.listdir(mill.path("state", "assets")))


def test_a_changed_asset_is_another_definition(make_mill, pictures, logo):
    mill = make_mill({"mark": definition(logo)}).start(workers=1)
    source = pictures.picture(width=700, height=500, seed=6)
    mill.drop(source, "mark", "one.png")
    one = mill.wait_output("mark", "one.png")
    assert pictures.differing_bytes(one, source, mill.folder) > 0
    before, kept = hash_of(mill), copies(mill)
    assert len(kept) == 1
    put(pictures.picture(width=300, height=200, bands=4, seed=7), logo)
    wait_until(lambda: hash_of(mill) != before, lambda: f"another hash; {mill.log()}", 10)
    mill.drop(source, "mark", "two.png")
    two = mill.wait_output("mark", "two.png")
    assert pictures.differing_bytes(one, two, mill.folder) > 0
    # Nothing names the old one any more.
    wait_until(lambda: len(copies(mill)) == 1, lambda: f"one copy; {copies(mill)}", 10)
    assert copies(mill) != kept


def numbered(number):
    return f"steps: [invert]\noutputs: [{{name: '{{stem}}-{number}.png'}}]\n"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def swap(target, link):
    os.symlink(target, f"{link}.new")
    os.rename(f"{link}.new", link)


def test_a_definition_that_is_a_link_is_read_again_whatever_changes_on_the_way(make_mill, pictures):
    """pipelines/mono.yaml -> dotfiles/mono.yaml -> git/current/mono.yaml, and git/current -> git/1: each may change."""
    mill = make_mill()
    definition, middle, current = mill.path("pipelines", "mono.yaml"), mill.path("dotfiles", "mono.yaml"), mill.path("git", "current")
    write(mill.path("git", "1", "mono.yaml"), numbered(1))
    os.makedirs(mill.path("dotfiles"))
    os.symlink("1", current)
    os.symlink("../git/current/mono.yaml", middle)
    os.remove(definition)
    os.symlink(middle, definition)
    mill.start(workers=1)
    picture = pictures.picture(width=60, height=40)

    def is_now(number):
        wait_until(lambda: f"-{number}.png" in mill.get("api/pipelines")[2].decode(), lambda: f"version {number}:\n{mill.log()}")
        mill.drop(picture, "mono", f"p{number}.png")
        mill.wait_output("mono", f"p{number}-{number}.png")

    is_now(1)
    write(mill.path("git", "1", "mono.yaml"), numbered(2))  # the file itself, far away
    is_now(2)
    write(mill.path("git", "3", "mono.yaml"), numbered(3))
    swap("3", current)  # a folder on the way
    is_now(3)
    write(mill.path("git", "4.yaml"), numbered(4))
    swap("../git/4.yaml", middle)  # a link on the way
    is_now(4)
    write(mill.path("git", "4.yaml"), numbered(5))
    is_now(5)


def test_a_deleted_asset_does_no_harm_to_the_last_good_version(make_mill, pictures, logo):
    mill = make_mill({"mark": definition(logo)}).start(workers=1)
    source = pictures.picture(width=700, height=500, seed=6)
    mill.drop(source, "mark", "one.png")
    one = mill.wait_output("mark", "one.png")
    os.unlink(logo)
    wait_until(lambda: "the last good one goes on" in mill.log(), mill.log, 10)
    mill.drop(source, "mark", "two.png")
    pictures.assert_same(mill.wait_output("mark", "two.png"), one, mill.folder)
    # A new worker has nothing in memory: it reads the copy.
    for pid in mill.pids("worker"):
        mill.kill(pid)
    mill.drop(source, "mark", "three.png")
    pictures.assert_same(mill.wait_output("mark", "three.png"), one, mill.folder)


def test_an_asset_that_comes_later_turns_its_definition_on(make_mill, pictures, logo):
    away = logo + ".away"
    os.rename(logo, away)
    mill = make_mill({"mark": definition(logo)}).start(workers=1)
    assert "mark.yaml:2:" in mill.log() and "logo.png" in mill.log()
    os.rename(away, logo)
    wait_until(lambda: os.path.isdir(mill.inbox("mark")), mill.log, 10)
    mill.drop(pictures.picture(width=300, height=300, seed=8), "mark", "late.png")
    mill.wait_output("mark", "late.png")


@pytest.mark.parametrize("lane", ["tiled", "whole"])
@pytest.mark.parametrize("payload", ["inline", "auto"])
def test_assets_travel_to_workers_that_cannot_read_them(make_mill, pictures, logo, lane, payload):
    if not os.path.exists(HOOKS):
        pytest.fail(f"{HOOKS} is not built: make hooks")
    source = pictures.picture(width=1237, height=941, seed=9)
    near = make_mill({"mark": definition(logo)}).start(workers=1)
    near.drop(source, "mark", "a.png")
    wanted = near.wait_output("mark", "a.png")
    near.stop()
    far = make_mill({"mark": definition(logo)}, HOOKS)
    far.start(workers=2, payload=payload, tile=256 if lane == "tiled" else None, env=FAR)
    for name in ("a.png", "b.png", "c.png"):
        far.drop(source, "mark", name)
    for name in ("a.png", "b.png", "c.png"):
        pictures.assert_same(far.wait_output("mark", name), wanted, far.folder)
    far.wait_idle(done=3, failed=0)
    assert {job["lane"] for job in far.jobs()} == {lane}
    assert "they are sent to it" in far.log()


def test_an_asset_that_is_gone_for_good_is_a_reason(make_mill, pictures, logo):
    if not os.path.exists(HOOKS):
        pytest.fail(f"{HOOKS} is not built: make hooks")
    mill = make_mill({"mark": definition(logo)}, HOOKS).start(workers=1, env=FAR)
    os.unlink(logo)
    wait_until(lambda: "the last good one goes on" in mill.log(), mill.log, 10)
    for name in copies(mill):
        os.unlink(mill.path("state", "assets", name))
    mill.drop(pictures.picture(width=300, height=300, seed=8), "mark", "a.png")
    reason = mill.wait_failed("mark", "a.png")
    assert "logo.png is gone or was changed" in reason
