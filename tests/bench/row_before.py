# SPDX-License-Identifier: GPL-2.0-or-later
"""Row 11: this build against an older one, in turn, in one run: BEFORE names the older build's folder. Their outputs are compared, too."""
import os
import time

import row_burst
import row_folder
import row_gigapixel
from measure import Skip, in_turn, timed
from rig import CHAIN, PROGRAM, SMALL


BEFORE = os.environ.get("BEFORE", "")
RATIO = 1.02

TO_PNG = CHAIN.replace(".jpg", ".png")
# Title, ending of the source, definition, ending of the output.
LARGE = [
    ("JPEG, grey and blur", "jpg", CHAIN, ".jpg"),
    ("PNG, grey and blur", "png", CHAIN, ".jpg"),
    ("tiled TIFF, grey and blur", "tif", CHAIN, ".jpg"),
    ("JPEG to PNG", "jpg", TO_PNG, ".png"),
    ("JPEG to TIFF, deflate", "jpg",
     "steps: [{blur: 3}]\noutputs: [{name: \"{stem}.tif\", compression: deflate}]\n", ".tif"),
    ("JPEG to a half", "jpg", "steps: [{resize: {scale: 0.5}}]\noutputs: [{name: \"{stem}.jpg\"}]\n", ".jpg"),
    ("JPEG to a thumbnail", "jpg", "steps: [{thumbnail: {width: 2000}}]\noutputs: [{name: \"{stem}.jpg\"}]\n", ".jpg"),
]


class Pair:
    """Two mills with one definition: of this build, and of the older one."""

    def __init__(self, rig, name, definition=CHAIN):
        self.droppers = {"dropmill": rig.dropper(rig.mill(f"{name}-now", definition)),
                         "before": rig.dropper(rig.mill(f"{name}-before", definition, os.path.join(BEFORE, "dropmill")))}

    def __enter__(self):
        return self.droppers

    def __exit__(self, kind, value, trace):
        for dropper in self.droppers.values():
            dropper.__exit__(kind, value, trace)


def dropped(rig, droppers, source, name, ending):
    """A function of the round for each: seconds from drop to output. The last to come compares the outputs and removes them."""
    def turn(whose):
        def run(number):
            stem = f"{name}{number}"
            seconds = droppers[whose].drop(source, stem, ending=ending)
            both = [dropper.out(stem + ending) for dropper in droppers.values()]
            if all(os.path.exists(path) for path in both):
                rig.same(*both)
                for path in both:
                    os.unlink(path)
            return seconds
        return run
    return {whose: turn(whose) for whose in droppers}


def large(rig):
    size = "18 MP" if rig.quick else "107 MP"
    for index, (title, source, definition, ending) in enumerate(LARGE):
        with Pair(rig, f"large{index}", definition) as droppers:
            values = in_turn(min(rig.rounds, 5), dropped(rig, droppers, rig.large(source), "l", ending))
        rig.row(11, f"{size} {title}", "s", values, target=RATIO)


def small(rig):
    with Pair(rig, "small") as droppers:
        turns = dropped(rig, droppers, rig.plain(SMALL), "s", ".jpg")
        paused = {whose: lambda number, run=run: (time.sleep(0.05), 1000 * run(number))[1] for whose, run in turns.items()}
        values = in_turn(15 * rig.rounds, paused)
    rig.row(11, "2 MP photograph, moved in to output", "ms", values, target=RATIO, tails=True)


def folder(rig):
    """Opaque ones alone: an older build did not weigh colours by alpha, so its outputs of the others differ."""
    photographs = row_folder.Folder(rig, [(name, rig.plain(path)) for name, path in rig.photographs() if rig.is_opaque(path)])
    photographs.two_processes(0)
    with Pair(rig, "folder") as droppers:
        values = in_turn(min(rig.rounds, 3), {
            whose: lambda number, dropper=dropper: photographs.mill(dropper, number) for whose, dropper in droppers.items()})
    rig.row(11, f"{len(photographs.files)} photographs moved in at once", "s", values, target=RATIO)


def burst(rig):
    source = rig.path("tiny.jpg")
    timed(["vips", "thumbnail", SMALL, source, "96"])
    count = 500 if rig.quick else 5000
    with Pair(rig, "burst") as droppers:
        def turn(whose):
            mill = droppers[whose].mill

            def run(number):
                staged = mill.path("stage", f"b{number}")
                row_burst.stage(staged, source, count)
                done = mill.status()["jobs"]["done"]
                started = time.monotonic()
                for name in os.listdir(staged):
                    os.rename(os.path.join(staged, name), mill.inbox("bench", f"{number}-{name}"))
                while mill.status()["jobs"]["done"] < done + count:
                    time.sleep(0.05)
                return 1000 * (time.monotonic() - started) / count
            return run
        values = in_turn(min(rig.rounds, 3), {whose: turn(whose) for whose in droppers})
    rig.row(11, f"{count:,} small files moved in at once, a file", "ms", values, target=RATIO)


def once(rig):
    command = ["once", "--pipelines", rig.path("mill-once-pair", "pipelines"), "bench", rig.plain(SMALL)]
    os.makedirs(rig.path("mill-once-pair", "pipelines"))
    with open(rig.path("mill-once-pair", "pipelines", "bench.yaml"), "w", encoding="utf-8") as file:
        file.write(CHAIN)
    programs = {"dropmill": PROGRAM, "before": os.path.join(BEFORE, "dropmill")}
    values = in_turn(2 * rig.rounds, {
        whose: lambda number, program=program, whose=whose:
            1000 * timed([program, *command, "--out", rig.path("mill-once-pair", whose)], cwd=rig.path("mill-once-pair"))[0]
        for whose, program in programs.items()})
    rig.row(11, "`once` on it", "ms", values, target=RATIO)


def gigapixel(rig):
    source = row_gigapixel.make(rig)
    with Pair(rig, "giga", row_gigapixel.DEFINITION) as droppers:
        values = in_turn(1, dropped(rig, droppers, source, "g", ".jpg"))
        memory = {whose: row_gigapixel.peak_of_mill(dropper, source) for whose, dropper in droppers.items()}
    rig.row(11, "gigapixel JPEG", "s", values, target=RATIO)
    rig.row(11, "gigapixel: peak memory of master, codec and what is shared", "MB",
            {whose: [peaks[0]] for whose, peaks in memory.items()}, target=RATIO)


def run(rig):
    if not BEFORE:
        raise Skip("BEFORE=FOLDER names the build folder of an older commit")
    for part in (small, once, large, folder, burst, gigapixel):
        part(rig)
