# SPDX-License-Identifier: GPL-2.0-or-later
"""A mill works on a disk that is logged, until the power fails."""
import os
import random
import re
import shutil
import time

import disk
from mill import Mill
from scene import BROKEN, PIPELINES, TILE, Drop

DONE = re.compile(r"(\w+)/(\S+) done in")
OPEN_MOST = 25
# What goes wrong meanwhile: rules of badsync.c, and of the pictures' writes each how many-th the disk refuses.
TROUBLES = {
    "none": ([], 0),
    "fsync": (["sync 0 0 7 *"], 0),
    "folder fsync": (["folder 0 0 9 *"], 0),
    "writes": ([], 6),
}


def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Feeder:
    def __init__(self, scene, mill, mark, seed):
        self.scene, self.mill, self.mark = scene, mill, mark
        self.random = random.Random(seed)
        self.count = 0
        self.open = set()
        self.seen = 0

    def note_done(self):
        lines = self.mill.lines
        while self.seen < len(lines):
            found = DONE.search(lines[self.seen])
            self.seen += 1
            if found and (found[1], found[2]) in self.open:
                self.open.remove((found[1], found[2]))
                self.mark(what="done", pipeline=found[1], name=found[2])

    def drop(self):
        """False: the disk did not take it, so that nobody was told that it did."""
        pipeline = self.random.choice(list(PIPELINES))
        pictures = [name for name in self.scene.paths if pipeline == "archive" or name != BROKEN]
        picture = self.random.choice(pictures)
        source = self.scene.paths[picture]
        self.count += 1
        name = f"{self.count:05d}{os.path.splitext(source)[1]}"
        if pipeline == "archive" and self.random.random() < 0.3:
            name = f"sub/{name}"
        staged = self.mill.path("stage", "next")
        target = self.mill.inbox(pipeline, name)
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            sync(self.mill.inbox(pipeline))
            shutil.copyfile(source, staged)
            sync(staged)
            self.mark(what="try", pipeline=pipeline, name=name, picture=picture)
            os.rename(staged, target)
            sync(os.path.dirname(target))
            sync(self.mill.path("stage"))
        except OSError:
            if os.path.exists(staged):
                os.unlink(staged)
            return False
        self.open.add((pipeline, name))
        self.mark(what="told", pipeline=pipeline, name=name)
        return True

    def feed(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.mill.running():
            self.note_done()
            if len(self.open) < OPEN_MOST:
                self.drop()
                time.sleep(self.random.choice([0, 0.01, 0.05, 0.1]))
            else:
                time.sleep(0.02)


def record(tools, scene, system, trouble, seconds, seed, folder):
    """Leaves folder/base and folder/log."""
    rules, refused = TROUBLES[trouble]
    base, image, place = (os.path.join(folder, name) for name in ("base", "image", "mounted"))
    os.makedirs(place)
    disk.make(system, base)
    shutil.copyfile(base, image)
    env = {}
    if rules:
        env = {"LD_PRELOAD": tools.badsync, "DROPMILL_BADSYNC": os.path.join(folder, "rules")}
        with open(env["DROPMILL_BADSYNC"], "w", encoding="ascii") as file:
            file.write("\n".join(rules) + "\n")
    with disk.recorded(tools.disk, image, os.path.join(folder, "log"), os.path.join(folder, "fuse")) as (mark, refuse):
        fault = disk.mount(system, os.path.join(folder, "fuse", "disk"), place)
        assert not fault, fault
        mill = Mill(place, tools.binary)
        try:
            for name, text in PIPELINES.items():
                mill.pipeline(name, "settle: 20ms\n" + text)
            os.sync()
            mill.start(workers=2, tile=TILE, env=env)
            mark(what="begin")
            refuse(refused)
            feeder = Feeder(scene, mill, mark, seed)
            feeder.feed(seconds)
            said = mill.log()
        finally:
            mill.abandon()
            disk.unmount(place)
    os.unlink(image)
    return said


def drops_at(marks):
    """What was dropped by then; None before the mill was ready."""
    drops = {}
    began = False
    for mark in marks:
        began = began or mark["what"] == "begin"
        key = mark.get("pipeline"), mark.get("name")
        if mark["what"] == "try":
            drops[key] = Drop(mark["pipeline"], mark["name"], mark["picture"])
        elif mark["what"] == "told":
            drops[key].told = True
        elif mark["what"] == "done":
            drops[key].done = True
    return list(drops.values()) if began else None
