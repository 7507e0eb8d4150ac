# SPDX-License-Identifier: GPL-2.0-or-later
"""Row 2: a folder of photographs, all moved in at once; the mill with two workers against who else has two cores."""
import os
import shutil
import subprocess
import time

import peers
from arrival import Arrivals
from measure import Skip, in_turn, timed
from rig import BARE


MOGRIFY = "inotifywait + gm mogrify, an eighth of them, times 8"


def stem(name):
    return os.path.splitext(name)[0]


class Folder:
    def __init__(self, rig, files):
        self.rig = rig
        self.files = files
        for place in ("bare-out", "each-out", "parallel-out", "scratch"):
            os.makedirs(rig.path(place), exist_ok=True)

    def pairs(self, place):
        return [(path, self.rig.path(place, stem(name) + ".jpg")) for name, path in self.files]

    def stage(self, folder, files):
        """Copies of these, on disk: the writing back of theirs shall not fall into what is measured."""
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for name, path in files:
            shutil.copyfile(path, os.path.join(folder, name))
        os.sync()

    def two_processes(self, number):
        """Two long-lived libvips processes, one thread each, every second file."""
        del number
        pairs = [f"{source}\t{target}\n" for source, target in self.pairs("bare-out")]
        started = time.monotonic()
        running = []
        for half in (pairs[0::2], pairs[1::2]):
            process = subprocess.Popen([BARE, "--list", "--threads", "1"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                       text=True)
            process.stdin.write("".join(half))
            process.stdin.close()
            running.append(process)
        if any([process.wait() for process in running]):
            raise SystemExit("bare --list failed")
        return time.monotonic() - started

    def process_each(self, number):
        del number
        words = "".join(f"{source}\0{target}\0" for source, target in self.pairs("each-out"))
        return timed(["xargs", "-0", "-n2", "-P2", BARE], lines=words)[0]

    def parallel(self, number):
        del number
        return peers.gnu_parallel(self.pairs("parallel-out"), self.rig.path("scratch"))

    def mogrify(self, number):
        """A shell loop, as people write it: inotifywait names what arrives, gm mogrify does one after the other. It takes minutes for
        all, so it gets each photograph once, and the seconds are multiplied."""
        del number
        files = [(name, path) for name, path in self.files if name.startswith("0-")]
        inbox, done = self.rig.path("gm-in"), self.rig.path("gm-out")
        shutil.rmtree(done, ignore_errors=True)
        os.makedirs(done)
        os.makedirs(inbox, exist_ok=True)
        self.stage(self.rig.path("gm-stage"), files)
        # A relative name, for -output-directory goes in front of whatever the file is called by.
        loop = ('cd "$1" && inotifywait -q -m -e moved_to --format %f . | while read -r name; do '
                'gm mogrify -output-directory "$2" -format jpg -colorspace GRAY -blur 0x3 "$name"; done')
        shell = subprocess.Popen(["sh", "-c", loop, "sh", inbox, done], start_new_session=True, stderr=subprocess.DEVNULL)
        arrivals = Arrivals(done)
        try:
            time.sleep(1)  # inotifywait says nothing with -q when it watches
            started = time.monotonic()
            for name, _ in files:
                os.rename(self.rig.path("gm-stage", name), os.path.join(inbox, name))
            for name, _ in files:
                arrivals.wait(stem(name) + ".jpg", 600)
            return (time.monotonic() - started) * len(self.files) / len(files)
        finally:
            arrivals.close()
            os.killpg(shell.pid, 15)
            shell.wait()
            shutil.rmtree(inbox, ignore_errors=True)

    def mill(self, dropper, number):
        staged = dropper.mill.path("stage", f"r{number}")
        self.stage(staged, self.files)
        started = time.monotonic()
        for name, _ in self.files:
            os.rename(os.path.join(staged, name), dropper.mill.inbox("bench", name))
        for name, _ in self.files:
            dropper.arrivals.wait(stem(name) + ".jpg", 1800)
        seconds = time.monotonic() - started
        dropper.mill.wait_idle()
        for name, _ in self.files:
            ours = dropper.out(stem(name) + ".jpg")
            self.rig.same(ours, self.rig.path("bare-out", stem(name) + ".jpg"))
            os.unlink(ours)
        shutil.rmtree(dropper.mill.inbox("bench", "_done"))
        return seconds


def run(rig):
    folder = Folder(rig, rig.photographs())
    title = f"{len(folder.files)} photographs moved in at once, 2 workers"
    with rig.dropper(rig.mill("mill-folder")) as dropper:
        turns = {"two long-lived libvips processes": folder.two_processes,
                 "dropmill": lambda number: folder.mill(dropper, number),
                 "a libvips process a file, two at a time": folder.process_each}
        for name, run_one, wanted in (
                ("GNU parallel with vips", folder.parallel, [("parallel", "parallel")]),
                (MOGRIFY, folder.mogrify, [("inotifywait", "inotify-tools"), ("gm", "graphicsmagick")])):
            try:
                for program, package in wanted:
                    peers.need(program, package)
                turns[name] = run_one
            except Skip as why:
                rig.skip(2, f"{title}: {name}", why)
        values = in_turn(min(rig.rounds, 3), turns, slow=["GNU parallel with vips", MOGRIFY])
    rig.row(2, title, "s", {"dropmill": values.pop("dropmill"), **values}, target=1.05)
