# SPDX-License-Identifier: GPL-2.0-or-later
"""Workers whose libvips differs: none of them shares a picture with another, and an upgrade of all goes through under a master that stays."""
import contextlib
import subprocess

import pytest

from mock_broker import mock_broker
from trouble import HOOKS, Trouble
from waiting import wait_until

PIPELINE = {"big": "steps: [grayscale, {blur: 3}]\noutputs: [{name: \"{stem}.png\"}]\n"}
STEPS = ["grayscale", "blur:sigma=3"]
OLD = {"DROPMILL_TEST_VIPS": "8.14.1", "DROPMILL_TEST_PIXELS": "old"}
NEW = {"DROPMILL_TEST_VIPS": "8.16.1", "DROPMILL_TEST_PIXELS": "new"}
TILE = 128
WIDTH, HEIGHT = 1600, 500


class Fleet:
    """A master, and workers that come and go; each has a host of its own."""

    def __init__(self, make_mill, address, trouble, codec):
        self.make, self.address, self.trouble = make_mill, address, trouble
        self.master = make_mill(PIPELINE, HOOKS).start("master", brokers=address, tile=TILE, env={**codec, **trouble.env})
        self.hosts = []

    def begin(self, code, count=1):
        """Those that begin together need no turns of five seconds."""
        begun = [self.make({}, HOOKS).launch("worker", brokers=self.address, env={**code, **self.trouble.env}) for _ in range(count)]
        self.hosts += begun
        wait_until(lambda: len(self.live()) == len(self.hosts), lambda: f"workers: {self.master.workers()}\n{self.master.log()}", 60)
        return begun

    def live(self):
        return [worker for worker in self.master.workers() if worker["state"] == "live" and worker["partitions"]]

    def end(self, host):
        self.hosts.remove(host)
        host.stop()
        wait_until(lambda: sum(worker["state"] != "gone" for worker in self.master.workers()) == len(self.hosts), self.master.log)

    def groups(self):
        return {group["vips"]: (group["workers"], group["used"]) for group in self.master.status()["groups"]}

    def story(self, source):
        """Once it is done: the page may be a quarter of a second behind the output."""
        def done():
            return next((job for job in self.master.jobs("&state=done") if job["source"] == source), None)

        job = wait_until(done, lambda: f"{source} done: {self.master.jobs()}")
        detail = self.master.json(f"/api/jobs/{job['id']}")
        return detail, "\n".join(entry["text"] for entry in detail["timeline"])


@pytest.fixture
def fleet(make_mill, folder):
    """make(codec): whose pixels the master's machine computes."""
    trouble = Trouble(folder)
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(mock_broker(partitions=8))
        made = []

        def make(codec):
            made.append(Fleet(make_mill, address, trouble, codec))
            return made[0]

        yield make
        for one in made:
            for mill in (*one.hosts, one.master):
                mill.abandon()


@pytest.fixture
def wide(pictures):
    return pictures.picture(width=WIDTH, height=HEIGHT, ending=".png", seed=71)


def in_the_middle(master):
    def part_done():
        return any(job["tiles"]["done"] > 0.2 * (job["tiles"]["total"] or 1) for job in master.jobs("&state=running"))

    wait_until(part_done, lambda: f"a job in the middle; {master.jobs()}\n{master.log()}", 60, 0.005)


def test_an_upgrade_of_all_workers_goes_through(fleet, pictures, wide):
    """One after the other, with a picture in hand. The master stays; its machine is upgraded with the last worker, which it cannot know."""
    one = fleet(OLD)
    master, wanted = one.master, pictures.reference(wide, STEPS, ".png")
    boot = master.status()["boot"]
    first, second = one.begin(OLD, 2)
    one.trouble.order("tile:*:slow150")
    master.drop(wide, "big", "in-hand.png")
    in_the_middle(master)
    one.trouble.order("tile:in-hand:slow2000")  # the rest comes too late
    one.end(first)
    one.begin(NEW)
    assert master.status()["mixed"] and one.groups() == {"8.14.1": (1, True), "8.16.1": (1, False)}
    assert [worker["used"] for worker in one.live()] == [True, False]
    assert "the workers are mixed: new pictures go to those with libvips 8.14.1" in master.log()
    one.begin(NEW)  # most are new now: they rule, and the picture in hand stays with the old one
    wait_until(lambda: one.groups() == {"8.14.1": (1, False), "8.16.1": (2, True)}, one.groups)
    master.drop(pictures.picture(width=60, height=40, ending=".png", seed=4), "big", "small.png")
    master.wait_output("big", "small.png")
    wait_until(lambda: sum(worker["tiles_done"] for worker in master.workers() if worker["vips"] == "8.16.1") == 1, master.workers)
    one.end(second)  # nobody is left who began it
    one.trouble.order()
    pictures.assert_same(master.wait_output("big", "in-hand.png", seconds=120), wanted, master.folder)
    _, story = one.story("in-hand.png")
    # Its farewell may be read before its last answer: then it goes with a piece in hand, which starts the picture again, too.
    farewell = "is gone (it was stopped)" in story and "a silent worker holds a piece of it" in story
    assert farewell or "no worker is left that computes as those that began with it" in story, story
    assert "no worker computes as the master's machine does, with libvips 8.14.1" in story, story
    assert not master.status()["mixed"] and "the workers agree" in master.log(), master.log()
    master.wait_idle(done=2, failed=0)
    assert master.status()["boot"] == boot
    for host in list(one.hosts):
        one.end(host)
    master.stop()


def test_a_picture_is_cut_only_between_those_that_agree(browser, fleet, pictures, wide):
    """Fewer workers agree with the codec than with each other: the picture is theirs all the same, and nobody else's."""
    one = fleet(OLD)
    browser.open(one.master.url)
    master, wanted = one.master, pictures.reference(wide, STEPS, ".png")
    one.begin(OLD)
    one.begin(NEW, 2)
    wait_until(lambda: one.groups() == {"8.14.1": (1, False), "8.16.1": (2, True)}, one.groups)
    browser.wait("return document.querySelector('#now [data-figure=workers] .sub').textContent.startsWith('mixed')", "the page says mixed", 15)
    browser.wait("return /mixed.*2.workers with libvips 8.16.1 .*Not used: 1.worker with libvips 8.14.1/.test(document.querySelector('#notices').textContent)", "the notice", 15)
    text = subprocess.run([master.binary, "status", "--http", master.url.split("/")[2]], capture_output=True, text=True, check=True, timeout=30).stdout
    assert "mixed 1 with libvips 8.14.1" in text and "2 with libvips 8.16.1" in text and ": new pictures go to these" in text, text
    assert 'dropmill_worker_versions{vips="8.16.1"' in master.get("/metrics")[2].decode(), text
    master.drop(wide, "big", "wide.png")
    pictures.assert_same(master.wait_output("big", "wide.png", seconds=120), wanted, master.folder)
    detail, story = one.story("wide.png")
    counts = {"8.14.1": detail["tiles"]["total"]}
    wait_until(lambda: {worker["vips"]: worker["tiles_done"] for worker in master.workers() if worker["tiles_done"]} == counts, story)
    for host in list(one.hosts):
        one.end(host)
    master.stop()


def test_a_codec_that_no_worker_agrees_with_cuts_nothing(fleet, pictures, wide):
    """The master's machine was upgraded first. Its version is the same, and only the pixels tell."""
    one = fleet({**OLD, "DROPMILL_TEST_PIXELS": "another"})
    master, wanted = one.master, pictures.reference(wide, STEPS, ".png")
    one.begin(OLD, 2)
    for name in ("first.png", "second.png"):  # the second time the master knows, and asks again
        master.drop(wide, "big", name)
        pictures.assert_same(master.wait_output("big", name, seconds=120), wanted, master.folder)
        detail, story = one.story(name)
        assert detail["lane"] == "whole" and "no worker computes as the master's machine does" in story, story
    master.wait_idle(done=2, failed=0)
    for host in list(one.hosts):
        one.end(host)
    master.stop()
