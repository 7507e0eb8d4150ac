#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Power loss on real file systems: a mill works on a loop-mounted disk whose every write and flush is logged (disk.c); images of it are cut at
random points, mounted, checked, and milled on. Told is told: every acknowledged drop ends as exactly its outputs.

    crash.py TOOLS [--images 500] [--seed 1] [--seconds 12] [--systems ext4,xfs] [--troubles none,fsync] [--keep FOLDER]

TOOLS is the folder of the programs (build). An image has, of the writes before its cut, all; or what was flushed; or that and a random half of the
rest. Needs root, /dev/fuse and loop devices; works in a mount namespace and a tmpfs of its own. Exit status 1: a fault was found."""
import argparse
import collections
import os
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "e2e")]

import disk  # noqa: E402
from look import Look  # noqa: E402
from record import TROUBLES, drops_at, record  # noqa: E402
from scene import Scene  # noqa: E402

Tools = collections.namedtuple("Tools", "binary disk badsync picture")
MODES = ["all", "flushed", "half", "half"]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("tools")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--systems", default=",".join(disk.FILE_SYSTEMS))
    parser.add_argument("--troubles", default=",".join(TROUBLES))
    parser.add_argument("--keep", help="where images with faults are put")
    return parser.parse_args()


def own_namespace():
    """Nothing that is mounted here is seen elsewhere, and all of it goes with this process."""
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        sys.exit("make crash mounts file systems of its own: it needs root and /dev/fuse")
    if not os.environ.get("DROPMILL_CRASH_INSIDE"):
        os.environ["DROPMILL_CRASH_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    del os.environ["DROPMILL_CRASH_INSIDE"]


class Totals:
    def __init__(self):
        self.images = self.told = self.done = self.bad = 0

    def add(self, drops, faults):
        self.images += 1
        self.told += sum(drop.told for drop in drops)
        self.done += sum(drop.done for drop in drops)
        self.bad += bool(faults)

    def __str__(self):
        return f"{self.images} images, {self.told} acknowledged drops, {self.done} told as done, {self.bad} images with faults"


def try_image(tools, scene, system, image, place, drops, tag):
    """The faults of one image."""
    fault = disk.mount(system, image, place)
    if fault:
        print(f"{tag} cannot be mounted: {fault}", flush=True)
        return [fault]
    try:
        look = Look(scene, drops, place, system == "btrfs")
        look.before()
        said = look.mill_on(tools.binary)
        look.after()
    finally:
        disk.unmount(place)
    print(f"{tag} {'good' if not look.faults else 'FAULTS'}", flush=True)
    for line in look.faults[:8]:
        print(f"    {line}", flush=True)
    if look.faults:
        print("    " + "\n    ".join(said.splitlines()[-30:]), flush=True)
    return look.faults


def cuts(log, count, chance):
    """Points in the log, in order, after the mill was ready, each with what was known then."""
    began = next(i for i in range(len(log.entries)) if log.entries[i][0] == "M")
    return sorted(chance.randrange(began + 1, len(log.entries) + 1) for _ in range(count))


def run(tools, scene, options, system, trouble, count, folder, totals):
    chance = random.Random(f"{options.seed} {system} {trouble}")
    os.makedirs(folder)
    said = record(tools, scene, system, trouble, options.seconds, options.seed, folder)
    log = disk.Log(os.path.join(folder, "log"))
    place, state, image = (os.path.join(folder, name) for name in ("mounted", "base", "cut"))
    print(
        f"== {system}, trouble: {trouble}: {len(log.entries)} writes, flushes and marks; the mill said {said.count(' done in ')} times done, "
        f"{said.count(' waits: ')} times waits", flush=True,
    )
    applied = 0
    for number, cut in enumerate(cuts(log, count, chance)):
        mode = MODES[number % len(MODES)]
        flushed = log.last_flush(cut) + 1
        log.apply(state, applied, flushed)
        applied = flushed
        subprocess.run(["cp", "--sparse=always", state, image], check=True)
        if mode != "flushed":
            log.apply(image, flushed, cut, (lambda: True) if mode == "all" else (lambda: chance.random() < 0.5))
        drops = drops_at(log.marks(cut))
        tag = f"{system} {trouble} #{number} cut {cut} {mode}: {len(drops)} drops, {sum(drop.done for drop in drops)} done:"
        if options.keep:
            shutil.copyfile(image, os.path.join(options.keep, "last.image"))
        faults = try_image(tools, scene, system, image, place, drops, tag)
        if faults and options.keep:
            os.rename(os.path.join(options.keep, "last.image"), os.path.join(options.keep, f"{system}-{trouble.replace(' ', '-')}-{number}.image"))
        totals.add(drops, faults)
        os.unlink(image)
    log.close()
    shutil.rmtree(folder)


def main():
    options = arguments()
    own_namespace()
    build = os.path.abspath(options.tools)
    tests = os.path.join(build, "tests")
    tools = Tools(os.path.join(build, "dropmill"), *(os.path.join(tests, name) for name in ("crash-disk", "badsync.so", "picture")))
    everything = [(system, trouble) for trouble in options.troubles.split(",") for system in options.systems.split(",")]
    totals = Totals()
    work = tempfile.mkdtemp(prefix="dropmill-crash-")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8g,mode=700", "tmpfs", work], check=True)
    try:
        scene = Scene(os.path.join(work, "scene"), tools.binary, tools.picture)
        for number, (system, trouble) in enumerate(everything):
            count = options.images * (number + 1) // len(everything) - options.images * number // len(everything)
            if count:
                run(tools, scene, options, system, trouble, count, os.path.join(work, "run"), totals)
    finally:
        subprocess.run(["umount", "-l", work], check=False)
        os.rmdir(work)
    print(f"crash: {totals}")
    sys.exit(1 if totals.bad or not totals.images else 0)


if __name__ == "__main__":
    main()
