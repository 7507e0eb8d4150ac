# SPDX-License-Identifier: GPL-2.0-or-later
"""Row 12: a folder of 120 photographs, moved in at once, against who has the newest libvips on the same two cores: seconds, and
processor seconds. BEFORE=FOLDER, an older build, takes part as well, and its outputs are compared."""
import os
import shutil
import time

import contestants
from measure import Skip
from rig import PROGRAM
from row_before import BEFORE

# Name: title, steps, output, ending, vipsthumbnail's width and options (None: it cannot), rounds.
CHAINS = {
    "resize": ("1600 px JPEG", "{resize: {width: 1600}}", "quality: 80, strip: true", "jpg", None, 5),
    "thumbnail": ("thumbnail of 320 px, JPEG", "{thumbnail: {width: 320}}", "quality: 80, strip: true", "jpg", (320, "Q=80,strip"), 5),
    "webp": ("1600 px WebP", "{resize: {width: 1600}}", "quality: 75, strip: true", "webp", None, 3),
    "avif": ("800 px AVIF", "{resize: {width: 800}}", "quality: 50, strip: true", "avif", None, 1),
    "grey": ("grey and blur, JPEG", "grayscale, {blur: 3}", "quality: 80, strip: true", "jpg", None, 5),
}
TARGET = 0.95


class Race:
    def __init__(self, rig, name):
        self.rig = rig
        self.name = name
        self.title, steps, options, self.ending, self.thumbnail, self.rounds = CHAINS[name]
        self.definition = f"steps: [{steps}]\noutputs: [{{name: \"{{stem}}.{self.ending}\", {options}}}]\n"
        self.files = [(name, path) for name, path in rig.photographs() if int(name.split("-", 1)[0]) < 4]

    def stem(self, name):
        return os.path.splitext(name)[0] + "." + self.ending

    def pairs(self, place):
        os.makedirs(self.rig.path(place), exist_ok=True)
        return [(path, self.rig.path(place, self.stem(name))) for name, path in self.files]

    def mill(self, dropper, number):
        """Wall and processor seconds from the first rename to the last output, and until the mill is idle."""
        mill = dropper.mill
        staged = mill.path("stage", f"r{number}")
        os.makedirs(staged)
        for name, path in self.files:
            shutil.copyfile(path, os.path.join(staged, name))
        os.sync()
        cpu = -contestants.cpu_of(mill.pids())
        started = time.monotonic()
        for name, _ in self.files:
            os.rename(os.path.join(staged, name), mill.inbox("bench", name))
        for name, _ in self.files:
            output = self.stem(name)
            dropper.arrivals.wait(output, 1800, lambda output=output: mill.refuse_failure_of(output))
        wall = time.monotonic() - started
        mill.wait_idle()
        shutil.rmtree(mill.inbox("bench", "_done"))
        return wall, cpu + contestants.cpu_of(mill.pids())

    def compare(self, droppers):
        """Removes the outputs of a round, after they were compared with the other build's."""
        for name, _ in self.files:
            outputs = [dropper.out(self.stem(name)) for dropper in droppers]
            for other in outputs[1:]:
                self.rig.same(outputs[0], other)
            for path in outputs:
                os.unlink(path)

    def peers(self):
        """{name: a function that gives wall and processor seconds}"""
        found = {}
        for name, command, count, environment in (
                ("sharp", contestants.sharp, 1, {"UV_THREADPOOL_SIZE": "2"}),
                ("pyvips[binary]", contestants.pyvips, 2, {"VIPS_CONCURRENCY": "1"})):
            try:
                lists = contestants.Lists([*command(), self.name], count, environment)
                lists.run(self.pairs("first-out")[:2])
                found[f"{name} {lists.version}"] = lambda lists=lists: lists.run(self.pairs("peer-out"))
            except Skip as why:
                self.rig.skip(12, f"{self.title}: {name}", why)
        if self.thumbnail:
            found["vipsthumbnail by GNU parallel"] = lambda: contestants.vipsthumbnail(self.pairs("peer-out"), *self.thumbnail)
        return found

    def run(self):
        others = self.peers()
        mills = {"dropmill": self.rig.dropper(self.rig.mill(f"peers-{self.name}", self.definition, PROGRAM))}
        if BEFORE:
            mills["before"] = self.rig.dropper(
                self.rig.mill(f"peers-{self.name}-before", self.definition, os.path.join(BEFORE, "dropmill")))
        values = {name: [] for name in [*mills, *others]}
        try:
            for number in range(min(self.rounds, self.rig.rounds) + 1):
                for name, dropper in mills.items():
                    values[name].append(self.mill(dropper, number))
                for name, run in others.items():
                    try:
                        values[name].append(run())
                    except Skip as why:
                        self.rig.skip(12, f"{self.title}: {name}", why)
                        del others[name], values[name]
                        break
                self.compare(list(mills.values()))
        finally:
            for dropper in mills.values():
                dropper.__exit__(None, None, None)
        for index, unit in ((0, "wall"), (1, "processors")):
            self.rig.row(12, f"{len(self.files)} photographs: {self.title}; {unit}", "s",
                         {name: [value[index] for value in some[1:]] for name, some in values.items()}, target=TARGET)


def run(rig):
    wanted = os.environ.get("CHAINS", ",".join(CHAINS)).split(",")
    for name in wanted:
        Race(rig, name).run()
