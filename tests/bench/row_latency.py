# SPDX-License-Identifier: GPL-2.0-or-later
"""Row 4: a 2-megapixel photograph, from the rename into the inbox to the output; `once` as a whole; the first job of a mill."""
import time

from measure import in_turn, timed
from rig import BARE, CHAIN, PROGRAM, SMALL
from mill import Mill


def latency(rig):
    """Against the chain alone in a warm process: batches in turn, since one picture is too short to interleave."""
    ours, theirs = [], []
    peer_output = rig.path("peer-small.jpg")
    with rig.dropper(rig.mill("mill-latency")) as dropper:
        for batch in range(rig.rounds + 1):
            printed = timed([BARE, SMALL, peer_output, "--repeat", "16"])[1]
            times = []
            for i in range(15):
                times.append(1000 * dropper.drop_and_check(SMALL, f"p{batch}-{i}", peer_output))
                time.sleep(0.05)  # one at a time, as a person drops them
            if batch > 0:
                ours += times
                theirs += [float(line) for line in printed.split()][1:]
    rig.row(4, "2 MP photograph, moved in to output", "ms",
            {"dropmill": ours, "the chain in a warm libvips process": theirs}, tails=True,
            target_difference=[30, 60])


def once(rig):
    place = Mill(rig.path("mill-once"), PROGRAM)
    place.pipeline("bench", CHAIN)
    peer_output = rig.path("peer-once.jpg")
    command = [PROGRAM, "once", "--pipelines", place.path("pipelines"), "bench", SMALL, "--out", place.path("results")]

    def ours(number):
        del number
        milliseconds = 1000 * timed(command, cwd=place.folder)[0]
        rig.same(place.path("results", "RainDrops.jpg"), peer_output)
        return milliseconds

    values = in_turn(2 * rig.rounds, {
        "bare libvips process": lambda i: 1000 * timed([BARE, SMALL, peer_output])[0],
        "dropmill": ours,
    })
    rig.row(4, "`once` on it", "ms", {"dropmill once": values.pop("dropmill"), **values}, target_difference=[100])


def first(rig):
    early, later = [], []
    for i in range(rig.rounds):
        with rig.dropper(rig.mill(f"mill-first{i}")) as dropper:
            early.append(1000 * dropper.drop(SMALL, "first"))
            later += [1000 * dropper.drop(SMALL, f"later{n}") for n in range(5)]
    rig.row(4, "first job after the start of a mill", "ms", {"first": early, "later jobs of the same mill": later})


def run(rig):
    latency(rig)
    once(rig)
    first(rig)
