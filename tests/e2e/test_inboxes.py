# SPDX-License-Identifier: GPL-2.0-or-later
"""Inboxes that were, that are away, and that cannot be: nothing lies hidden, and nothing is off for good."""
import os
import subprocess

import pytest

from waiting import stays, wait_until

CHAIN = "steps: [grayscale]\noutputs: [{name: \"{stem}.png\"}]\n"
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")


@pytest.fixture
def photo(pictures):
    return pictures.picture(width=160, height=120, ending=".png", seed=5)


def claimed(mill, pipeline):
    return [name for _, _, files in os.walk(mill.inbox(pipeline, ".dropmill")) for name in files]


def told(mill, text):
    return [entry for entry in mill.json("/api/waiting")["waiting"] if text in entry["why"]]


def claim_some(mill, photo, count=3):
    """Dropped, claimed and not milled: the only worker is stopped."""
    mill.start(workers=1)
    worker = mill.pids("worker")[0]
    with mill.stopped(worker):
        for number in range(count):
            mill.drop(photo, "mono", f"sub/{number}.png")
        wait_until(lambda: len(claimed(mill, "mono")) == count, lambda: f"claims: {claimed(mill, 'mono')}")
        mill.kill_master()


def test_a_definition_that_was_renamed_hides_nothing(make_mill, photo):
    """What lay claimed is in sight again under its name, and is told of until a definition names the inbox."""
    mill = make_mill({"mono": CHAIN})
    claim_some(mill, photo)
    os.rename(mill.path("pipelines", "mono.yaml"), mill.path("pipelines", "grey.yaml"))
    mill.drop(photo, "mono", "sub/0.png")  # of the same name as one that is claimed
    mill.start(workers=1)
    wait_until(lambda: not claimed(mill, "mono"), mill.log)
    assert sorted(os.listdir(mill.inbox("mono", "sub"))) == ["0-1.png", "0.png", "1.png", "2.png"]
    entry = wait_until(lambda: told(mill, "no definition names this inbox"), mill.log)[0]
    assert entry["files"] == 4 and entry["path"] == mill.inbox("mono")
    words = [mill.binary, "status", "--http", mill.url.split("/")[2]]
    assert "no definition names this inbox" in subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "no definition names this inbox" in mill.log()
    mill.stop()
    mill.start(workers=1)  # it is remembered
    wait_until(lambda: told(mill, "no definition names this inbox"), mill.log)
    mill.pipeline("mono", CHAIN)
    wait_until(lambda: not told(mill, "no definition"), lambda: mill.json("/api/waiting"))
    mill.wait_idle(done=4, failed=0)
    mill.stop()


def test_an_inbox_that_was_emptied_is_forgotten(make_mill, photo):
    mill = make_mill({"mono": CHAIN})
    claim_some(mill, photo, 1)
    os.unlink(mill.path("pipelines", "mono.yaml"))
    mill.pipeline("other", CHAIN)
    mill.start(workers=1)
    wait_until(lambda: told(mill, "no definition"), mill.log)
    os.unlink(mill.inbox("mono", "sub", "0.png"))
    os.rmdir(mill.inbox("mono", "sub"))
    wait_until(lambda: not told(mill, "no definition"), lambda: mill.json("/api/waiting"))
    with open(mill.path("state", "inboxes.json"), encoding="utf-8") as file:
        assert "watch/mono" not in file.read()
    mill.stop()


def test_a_definition_that_cannot_be_read_keeps_its_claims(make_mill, photo):
    mill = make_mill({"mono": CHAIN})
    claim_some(mill, photo)
    mill.pipeline("mono", "steps: [no such step\n")
    mill.pipeline("web", CHAIN)
    mill.start(workers=1)
    stays(lambda: len(claimed(mill, "mono")) == 3, lambda: f"claims: {claimed(mill, 'mono')}", 2)
    mill.pipeline("mono", CHAIN)
    mill.wait_idle(done=3, failed=0)
    mill.stop()


@root_only
def test_a_share_that_comes_late_is_taken_up(make_mill, photo, small_disk):
    """Its mount point cannot be written to until then. Regression: the pipeline was off until a reload."""
    mill = make_mill({"web": CHAIN})
    share = mill.path("share")
    mill.pipeline("scans", f"inbox: {share}/in\n" + CHAIN)
    small_disk(share, "1m", "ro")
    mill.start(workers=1)
    wait_until(lambda: told(mill, "Read-only file system"), mill.log)
    assert all(pipeline["enabled"] and not pipeline["error"] for pipeline in mill.json("/api/pipelines")["pipelines"])
    small_disk.take_away(share)
    small_disk(share)
    os.makedirs(os.path.join(share, "in"), exist_ok=True)
    with open(photo, "rb") as source, open(os.path.join(share, "in", "a.png"), "wb") as file:
        file.write(source.read())
    mill.wait_output("scans", "a.png")
    wait_until(lambda: not mill.json("/api/waiting")["waiting"], lambda: mill.json("/api/waiting"))
    mill.stop()


@root_only
def test_a_share_that_is_away_during_a_reload_and_a_start(make_mill, photo, small_disk):
    """No folder is made on its mount point, and it is taken up when it is back."""
    mill = make_mill({"web": CHAIN})
    share = mill.path("share")
    mill.pipeline("scans", f"inbox: {share}/in\n" + CHAIN)
    small_disk(share)
    os.makedirs(os.path.join(share, "in"))
    mill.start(workers=1)

    def remembered():
        with open(mill.path("state", "inboxes.json"), encoding="utf-8") as file:
            return f'"mount":"{share}"' in file.read()

    wait_until(remembered, "the mount point to be remembered")
    small_disk.take_away(share)
    mill.pipeline("scans", f"inbox: {share}/in\nsettle: 200ms\n" + CHAIN)
    wait_until(lambda: told(mill, f"its file system ({share}) is not mounted"), mill.log)
    mill.stop()
    mill.start(workers=1)
    wait_until(lambda: told(mill, f"its file system ({share}) is not mounted"), mill.log)
    assert not os.listdir(share)
    small_disk(share)
    os.makedirs(os.path.join(share, "in"))
    with open(photo, "rb") as source, open(os.path.join(share, "in", "a.png"), "wb") as file:
        file.write(source.read())
    mill.wait_output("scans", "a.png")
    mill.stop()


@root_only
def test_a_share_that_is_mounted_again_under_the_mill(make_mill, photo, small_disk):
    """It may have the numbers of before. Regression: the workers' sandbox knew the mount that went: "cannot open it: Permission denied"."""
    mill = make_mill({"web": CHAIN})
    share = mill.path("share")
    mill.pipeline("scans", f"inbox: {share}/in\n" + CHAIN)
    for name, begin in (("a", True), ("b", False)):
        small_disk(share)
        os.makedirs(os.path.join(share, "in"))
        if begin:
            mill.start(workers=1)
        with open(photo, "rb") as source, open(os.path.join(share, "in", f"{name}.png"), "wb") as file:
            file.write(source.read())
        mill.wait_output("scans", f"{name}.png")
        wait_until(lambda: os.path.exists(os.path.join(share, "in", "_done", f"{name}.png")), mill.log)
        small_disk.take_away(share)
    mill.stop()
