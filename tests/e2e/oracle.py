# SPDX-License-Identifier: GPL-2.0-or-later
"""Drops pictures into a mill and, whatever happened to it meanwhile, says of every one of them what became of it."""
import collections
import hashlib
import os
import sqlite3

from pictures import truncated
from waiting import Late, wait_until

# With --tile 256: the small pictures go whole, the others in tiles.
TILE = 256
SMALL = [(200, 150), (160, 240), (251, 199)]
LARGE = [(1203, 907), (1600, 1200)]

# pipeline -> its text, and (ending of the output's name, the reference's steps, quality) for each output.
KINDS = {
    "mono": (
        "steps: [grayscale, {blur: 1}]\noutputs: [{name: \"{stem}.png\"}]\n",
        [(".png", ["grayscale", "blur:sigma=1"], None)],
    ),
    "pair": (
        "steps: [grayscale]\noutputs:\n  - {name: \"{stem}.jpg\", quality: 85}\n"
        "  - {name: \"{stem}-negative.png\", steps: [invert]}\n",
        [(".jpg", ["grayscale"], 85), ("-negative.png", ["grayscale", "invert"], None)],
    ),
}


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def files_below(path):
    """Relative names of all files below path; none when it is not there."""
    return sorted(os.path.relpath(os.path.join(where, name), path) for where, _, names in os.walk(path) for name in names)


class Oracle:
    """Names are given once only, so that what comes twice shows."""

    def __init__(self, mill, pictures, kinds=None):
        self.mill = mill
        self.pictures = pictures
        self.kinds = kinds or KINDS
        self.good = {}  # (pipeline, name) -> the picture dropped
        self.bad = {}  # the same for pictures that cannot be read
        self.wanted = collections.Counter()  # (pipeline, name, state): what history and page must name
        self.proved = set()  # (picture, pipeline, output's number, digest): compared with libvips' before
        for name, (text, _) in self.kinds.items():
            mill.pipeline(name, text)

    def picture(self, large, number, ending=".jpg"):
        sizes = LARGE if large else SMALL
        width, height = sizes[number % len(sizes)]
        return self.pictures.picture(width=width, height=height, seed=number % 7, ending=ending)

    def broken(self, large, number):
        path = os.path.join(self.mill.folder, "stage", f"broken-{large:d}-{number}.png")
        if not os.path.exists(path):
            truncated(self.picture(large, number, ".png"), path)
        return path

    def drop(self, pipeline, name, path, good=True, how="move"):
        (self.good if good else self.bad)[(pipeline, name)] = path
        self.wanted[(pipeline, name, "done" if good else "failed")] += 1
        self.mill.drop(path, pipeline, name, how)

    # -- questions

    def settled(self):
        """Every dropped file has left the inbox and the claims."""
        for (pipeline, name), _ in [*self.good.items(), *self.bad.items()]:
            if not any(os.path.exists(self.mill.inbox(pipeline, end, name)) for end in ("_done", "_failed")):
                return False
        return all(not os.listdir(claims) for claims in self.claims())

    def claims(self):
        folders = [self.mill.inbox(pipeline, ".dropmill") for pipeline in self.kinds]
        return [folder for folder in folders if os.path.isdir(folder)]

    def drain(self, seconds=120):
        wait_until(self.settled, lambda: f"every file to settle; left: {self.unsettled()}\n{self.mill.log()}", seconds, 0.03)
        self.mill.wait_idle(seconds=30)
        # The page follows the files by a moment: the last job leaves it when its commit has been heard of. The verdict is not given here.
        try:
            wait_until(lambda: not self.faults_of_history(), "the page to follow", 5, 0.05)
        except Late:
            pass

    def unsettled(self):
        names = [*self.good, *self.bad]
        return [
            (pipeline, name) for pipeline, name in names
            if not any(os.path.exists(self.mill.inbox(pipeline, end, name)) for end in ("_done", "_failed"))
        ][:20] + [files_below(folder) for folder in self.claims()]

    # -- the verdict: a list of sentences, empty when all is well

    def faults(self):
        return self.faults_of_inboxes() + self.faults_of_outputs() + self.faults_of_history()

    def faults_of_inboxes(self):
        """Each original lies in one place, with the bytes that were dropped."""
        found, wanted = [], {}
        for (pipeline, name), path in self.good.items():
            wanted[os.path.join(pipeline, "_done", name)] = path
        for (pipeline, name), path in self.bad.items():
            wanted[os.path.join(pipeline, "_failed", name)] = path
        there = {name for name in files_below(self.mill.path("watch")) if not os.path.basename(name).startswith(".lock")}
        for place, path in wanted.items():
            if place not in there:
                found.append(f"lost: {place}")
            elif digest(self.mill.path("watch", place)) != digest(path):
                found.append(f"changed: {place}")
        reasons = {f"{place}.reason.txt" for place in wanted if "/_failed/" in place}
        found += [f"failed without a reason: {place}" for place in reasons - there]
        for place in sorted(there - set(wanted) - reasons):
            text = ""
            if place.endswith(".reason.txt"):
                with open(self.mill.path("watch", place), encoding="utf-8", errors="replace") as file:
                    text = ": " + file.read().strip()
            found.append(f"too much in watch/: {place}{text}")
        return found

    def faults_of_outputs(self):
        found, wanted = [], {}
        for (pipeline, name), path in self.good.items():
            for number, (ending, steps, quality) in enumerate(self.kinds[pipeline][1]):
                place = os.path.join(pipeline, os.path.splitext(name)[0] + ending)
                assert place not in wanted, f"the test gave the name {place} twice"
                wanted[place] = (path, pipeline, number, ending, steps, quality)
        there = set(files_below(self.mill.path("out")))
        found += [f"no output: {place}" for place in sorted(set(wanted) - there)]
        found += [f"too much in out/: {place}" for place in sorted(there - set(wanted))]
        for place in sorted(there & set(wanted)):
            path, pipeline, number, ending, steps, quality = wanted[place]
            key = (path, pipeline, number, digest(self.mill.out(place)))
            if key in self.proved:
                continue
            reference = self.pictures.reference(path, steps, "." + ending.rpartition(".")[2], quality=quality)
            try:
                self.pictures.assert_same(self.mill.out(place), reference, self.mill.folder, place)
                self.proved.add(key)
            except AssertionError as error:
                found.append(f"wrong: {error}")
        return found

    def faults_of_history(self):
        """The page and the database name every file once, as what it is; asked while the mill runs."""
        found, wanted = [], self.wanted
        with sqlite3.connect(f"file:{self.mill.path('state', 'history.db')}?mode=ro", uri=True) as database:
            rows = collections.Counter(database.execute("SELECT pipeline, source, state FROM job"))
        database.close()
        counts = self.mill.status()["jobs"]
        for state in ("done", "failed"):
            number = sum(1 for key in wanted if key[2] == state)
            if counts[state] != number:
                found.append(f"the page counts {counts[state]} {state}, not {number}")
        listed = collections.Counter((job["pipeline"], job["source"], job["state"]) for job in self.mill.jobs())
        for where, seen in (("history", rows), ("/api/jobs", listed)):
            if where == "/api/jobs" and len(wanted) > 1000:
                continue  # the page remembers that many
            found += [f"{where} lacks {key}" for key in wanted - seen]
            found += [f"{where} has too often or wrongly {key}" for key in seen - wanted]
        return found
