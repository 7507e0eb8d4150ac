# SPDX-License-Identifier: GPL-2.0-or-later
"""What every row needs: a folder on disk, sources, running mills, drops with the moment of their outputs, comparison with the peer."""
import filecmp
import functools
import os
import shutil
import time

from arrival import Arrivals
from measure import spread, timed
from mill import BUILD, TOP, Mill

BUILD_FOLDER = os.path.abspath(os.environ.get("BUILD", BUILD))
PROGRAM = os.path.join(BUILD_FOLDER, "dropmill")
HOOKS = os.path.join(TOP, "hooks", "dropmill")
BARE = os.path.join(BUILD_FOLDER, "tests", "bench", "bare")
PHOTOS = "/usr/share/backgrounds/mate"
LARGE_FROM = os.path.join(PHOTOS, "abstract", "Elephants_5640x3172.jpg")  # 17.9 megapixels
SMALL = os.path.join(PHOTOS, "nature", "RainDrops.jpg")  # 1920x1200
CHAIN = "description: the bench's chain\nsteps: [grayscale, {blur: 3}]\noutputs: [{name: \"{stem}.jpg\"}]\n"


class Rig:
    def __init__(self, folder, rounds, quick):
        self.folder = folder
        self.rounds = rounds
        self.quick = quick
        self.rows = []
        self.load = 0  # of the machine before the row that runs

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    # -- sources, made once

    def large(self, ending="jpg"):
        """107 megapixels (18 with --quick): a photograph, six times."""
        path = self.path(f"large.{ending}")
        if not os.path.exists(path):
            jpeg = self.path("large.jpg")
            if ending == "jpg":
                across, down = ("1", "1") if self.quick else ("3", "2")
                timed(["vips", "replicate", LARGE_FROM, path + "[strip]", across, down])
            elif ending == "tif":
                timed(["vips", "tiffsave", self.large(), path, "--tile", "--tile-width", "256", "--tile-height", "256"])
            else:
                timed(["vips", "copy", jpeg if os.path.exists(jpeg) else self.large(), path])
            os.sync()
        return path

    def photographs(self):
        """The 30 photographs of mate-backgrounds, eight times (once with --quick), under names of their own."""
        found = sorted(os.path.join(where, name) for where, _, names in os.walk(PHOTOS) for name in names
                       if name.endswith((".jpg", ".png")) and not os.path.islink(os.path.join(where, name)))
        return [(f"{copy}-{os.path.basename(path)}", path) for copy in range(1 if self.quick else 8) for path in found]

    @staticmethod
    @functools.cache
    def is_opaque(path):
        """Without alpha: then no build has weighed colours by it."""
        return timed(["vipsheader", "-f", "bands", path])[1].strip() in ("1", "3")

    def plain(self, path):
        """A copy without metadata: which of it is carried over is not the same in every build."""
        copy = self.path("plain", os.path.basename(path))
        if not os.path.exists(copy):
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            timed(["vips", "copy", path, copy + "[strip]"])
            os.sync()
        return copy

    # -- mills

    def mill(self, name, definition=CHAIN, program=PROGRAM, workers=2, **options):
        mill = Mill(self.path(name), program)
        mill.pipeline("bench", definition)
        os.makedirs(mill.out("bench"), exist_ok=True)
        return mill.start(workers=workers, **options)

    def dropper(self, mill):
        return Dropper(mill)

    @staticmethod
    def same(ours, theirs):
        if not filecmp.cmp(ours, theirs, shallow=False):
            raise SystemExit(f"wrong: {ours} is not what the peer made of it: {theirs}")

    # -- the report

    def row(self, number, name, unit, values, target=None, tails=False, **more):
        """values: {contestant: numbers}, ours first. target: what the ratio to the first peer may be."""
        names = list(values)
        contestants = [{"name": one, **spread(values[one], tails)} for one in names]
        ours = contestants[0]["median"]
        for peer in contestants[1:]:
            peer["ratio"] = ours / peer["median"]
            peer["difference"] = ours - peer["median"]
        self.rows.append({"row": number, "name": name, "unit": unit, "target": target, "contestants": contestants,
                          "load_before": self.load, **more})
        text = "; ".join(f"{one['name']} {one['median']:.3f}" + (f" (x {one['ratio']:.2f})" if "ratio" in one else "")
                         for one in contestants)
        print(f"  {name} [{unit}]: {text}", flush=True)

    def skip(self, number, name, why):
        self.rows.append({"row": number, "name": name, "skipped": str(why)})
        print(f"  {name}: skipped: {why}", flush=True)


class Dropper:
    """Drops into one mill's inbox, and knows when the output is there."""

    def __init__(self, mill, pipeline="bench"):
        self.mill = mill
        self.pipeline = pipeline
        self.arrivals = Arrivals(mill.out(pipeline))

    def out(self, name):
        return self.mill.out(self.pipeline, name)

    def drop(self, source, stem, seconds=900, ending=".jpg"):
        """Seconds from the rename into the inbox to the output's rename."""
        name = stem + os.path.splitext(source)[1]
        staged = self.mill.path("stage", name)
        shutil.copyfile(source, staged)
        started = time.monotonic()
        os.rename(staged, self.mill.inbox(self.pipeline, name))
        output = f"{stem}{ending}"
        return self.arrivals.wait(output, seconds, lambda: self.mill.refuse_failure_of(output)) - started

    def drop_and_check(self, source, stem, peer_output):
        seconds = self.drop(source, stem)
        Rig.same(self.out(f"{stem}.jpg"), peer_output)
        os.unlink(self.out(f"{stem}.jpg"))
        return seconds

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.arrivals.close()
        try:
            if kind is None:
                self.mill.stop(120)
        finally:
            self.mill.abandon()
