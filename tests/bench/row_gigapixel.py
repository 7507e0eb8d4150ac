# SPDX-License-Identifier: GPL-2.0-or-later
"""Row 5: a gigapixel JPEG: seconds, and the peak of what the mill keeps in memory for it."""
import os
import subprocess
import sys

from measure import in_turn, timed
from rig import BARE, CHAIN, LARGE_FROM

MEGABYTE = 1e6
# It has 1002 megapixels, two more than are let in without being asked.
DEFINITION = CHAIN + "limits: {megapixels: 1100}\n"


def make(rig):
    """56 copies of a 17.9-megapixel photograph: 39480 by 25376."""
    path = rig.path("giga.jpg")
    across, down = ("3", "2") if rig.quick else ("7", "8")
    timed(["vips", "replicate", LARGE_FROM, path + "[strip]", across, down])
    os.sync()
    return path


def peak_of_bare(source, target):
    """Megabytes, as the kernel counts it for a child."""
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); " \
           "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    return int(timed([sys.executable, "-c", code, BARE, source, target])[1]) * 1024 / MEGABYTE


def peak_of_mill(dropper, source):
    """Megabytes: [master + codec + shared memory, workers, shared memory]."""
    sampler = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "memory.py"),
                                dropper.mill.mark], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    dropper.drop(source, "memory")
    return [int(value) / MEGABYTE for value in sampler.communicate()[0].split()]


def run(rig):
    source = make(rig)
    peer_output = rig.path("peer-giga.jpg")
    title = f"{'107 MP' if rig.quick else 'gigapixel'} JPEG, running mill, 2 workers"
    with rig.dropper(rig.mill("mill-giga", DEFINITION)) as dropper:
        values = in_turn(min(rig.rounds, 3), {
            "bare libvips process": lambda i: timed([BARE, source, peer_output])[0],
            "dropmill": lambda i: dropper.drop_and_check(source, f"g{i}", peer_output),
        })
        lean, workers, shared = peak_of_mill(dropper, source)
    rig.row(5, title, "s", {"dropmill": values.pop("dropmill"), **values}, target=1.05)
    rig.row(5, f"{title}: peak memory of master, codec and what is shared", "MB",
            {"dropmill": [lean], "bare libvips process": [peak_of_bare(source, peer_output)]},
            note=f"at most 300 MB wanted; of it shared {shared:.0f} MB; both workers have {workers:.0f} MB beside it")
    os.unlink(source)
