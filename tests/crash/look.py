# SPDX-License-Identifier: GPL-2.0-or-later
"""One disk after the power failed: what lies there, and what a mill makes of it."""
import collections
import contextlib
import os
import sqlite3
import time

from mill import Mill
from scene import BROKEN, PIPELINES, TILE, tree
from waiting import Late

REST_SECONDS = 60
QUIET_LOOKS = 3


class Look:
    def __init__(self, scene, drops, place, renumbered):
        self.scene, self.drops, self.place, self.renumbered = scene, drops, place, renumbered
        self.wanted = {drop: scene.outputs(drop) for drop in drops}
        self.faults = []
        self._read()

    def _read(self):
        self.out = tree(os.path.join(self.place, "out"))
        self.watch = tree(os.path.join(self.place, "watch"), hidden=True)
        self.originals = {}
        for path, found in self.watch.items():
            self.originals.setdefault((path.split("/", 1)[0], os.path.basename(path)), []).append((path, found))

    def _complete(self, drop):
        return all(self.out.get(os.path.join(drop.pipeline, path)) == found for path, found in self.wanted[drop].items())

    def _original(self, drop):
        here = self.originals.get((drop.pipeline, os.path.basename(drop.name)), [])
        return [path for path, found in here if found == self.scene.digests[drop.picture]]

    def _outputs(self):
        """Nothing under a name that people see but whole outputs, each once."""
        wanted = {os.path.join(drop.pipeline, path): found for drop in self.drops for path, found in self.wanted[drop].items()}
        for path, found in self.out.items():
            if path not in wanted:
                self.faults.append(f"out/{path} is nobody's")
            elif found != wanted[path]:
                self.faults.append(f"out/{path} is not right")

    def before(self):
        self._outputs()
        for drop in self.drops:
            where = f"{drop.pipeline}/{drop.name} ({drop.picture})"
            complete = self._complete(drop) and drop.picture != BROKEN
            if drop.told and not complete and not self._original(drop):
                self.faults.append(f"{where} is lost")
            if drop.done and not complete:
                self.faults.append(f"{where} was told as done, and its outputs are not there")
        self._failed()

    def _failed(self):
        for path in self.watch:
            parts = path.split("/")
            if parts[1] == "_failed" and not path.endswith(".reason.txt") and path + ".reason.txt" not in self.watch:
                self.faults.append(f"watch/{path} lies there without its reason")

    def _at_rest(self, drop):
        """Where its original must lie, and nowhere else."""
        if drop.picture == BROKEN:
            return [os.path.join(drop.pipeline, "_failed", drop.name)]
        return {"archive": [os.path.join("archive", "_done", drop.name)], "keep": [os.path.join("keep", drop.name)]}.get(drop.pipeline, [])

    def after(self):
        self._read()
        self._outputs()
        self._failed()
        for drop in self.drops:
            where = f"{drop.pipeline}/{drop.name} ({drop.picture})"
            here = self._original(drop)
            if drop.told and not self._complete(drop):
                self.faults.append(f"{where} has no outputs in the end")
            if drop.told and here != self._at_rest(drop):
                self.faults.append(f"{where}: the original lies in {here}")
        self._history()
        hidden = [path for path in tree(os.path.join(self.place, "out"), hidden=True) if os.path.basename(path).startswith(".dropmill")]
        claimed = [path for path in self.watch if path.split("/")[1] == ".dropmill"]
        if hidden or claimed:
            self.faults.append(f"left behind: {(hidden + claimed)[:4]}")

    def _at_ease(self, mill):
        """Nothing is in hand, or claimed by an earlier mill and not taken up yet."""
        jobs = mill.status()["jobs"]
        if jobs["queued"] or jobs["running"] or mill.json("api/waiting")["waiting"]:
            return False
        return not any(files for inbox in PIPELINES for _, _, files in os.walk(mill.inbox(inbox, ".dropmill")))

    def _history(self):
        """Of every drop one line in the history, which says what became of it."""
        path = os.path.join(self.place, "state", "history.db")
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
            found = collections.Counter(base.execute("SELECT pipeline, source, state FROM job").fetchall())
        for drop in self.drops:
            want = "failed" if drop.picture == BROKEN else "done"
            lines = {state: count for (pipeline, source, state), count in found.items() if (pipeline, source) == (drop.pipeline, drop.name)}
            # A kept original is known by its file system's number, too, which not every file system keeps when it is mounted again.
            again = drop.pipeline == "keep" and self.renumbered
            if drop.told and (set(lines) if again else lines) != ({want} if again else {want: 1}):
                self.faults.append(f"{drop.pipeline}/{drop.name}: the history says {lines}")

    def mill_on(self, binary):
        mill = Mill(self.place, binary)
        try:
            mill.start(workers=2, tile=TILE)
            quiet = 0
            deadline = time.monotonic() + REST_SECONDS
            while quiet < QUIET_LOOKS:
                if time.monotonic() > deadline:
                    raise Late(f"{mill.status()} {mill.json('api/waiting')}\n{mill.log()}")
                time.sleep(0.1)
                quiet = quiet + 1 if self._at_ease(mill) else 0
            mill.process.terminate()
            mill.process.wait(30)
        except (Late, AssertionError) as error:
            self.faults.append(f"the mill does not come to rest: {str(error)[-1500:]}")
        finally:
            mill.abandon()
        return mill.log()
