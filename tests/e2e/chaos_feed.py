# SPDX-License-Identifier: GPL-2.0-or-later
"""The stream of drops of a chaos run, and the verdict over it: rounds of files, each proved and cleared before the next."""
import os
import re
import shutil

from oracle import Oracle, files_below

# A fault that hits a picture's own process is no fault of the picture: it may be tried often.
PATIENT = "recursive: true\nsettle: 100ms\non_failure: {attempts: 100}\n"

# Both lanes (with --tile 256 the small ones go whole), several outputs, a chain that loads its own way, one that needs a spool (rot90
# looks at the picture as a whole), limits that some of the files break.
KINDS = {
    "mono": (
        PATIENT + "steps: [grayscale, {blur: 1}]\noutputs: [{name: \"{stem}.png\", compression: 1}]\n",
        [(".png", ["grayscale", "blur:sigma=1"], None)],
    ),
    "pair": (
        PATIENT + "steps: [grayscale]\noutputs:\n  - {name: \"{stem}.jpg\", quality: 85}\n"
        "  - {name: \"{stem}-negative.png\", compression: 1, steps: [invert]}\n",
        [(".jpg", ["grayscale"], 85), ("-negative.png", ["grayscale", "invert"], None)],
    ),
    "small": (
        PATIENT + "steps: [{thumbnail: {width: 90}}]\noutputs: [{name: \"{stem}.png\", compression: 1}]\npriority: 7\n",
        [(".png", ["thumbnail:width=90"], None)],
    ),
    "turned": (
        PATIENT + "steps: [{rotate: {angle: 90}}, flop]\noutputs: [{name: \"{stem}.tif\"}]\n",
        [(".tif", ["rotate:angle=90", "flop"], None)],
    ),
    "narrow": (
        PATIENT + "steps: [invert]\noutputs: [{name: \"{stem}.png\", compression: 1}]\nlimits: {megapixels: 0.1}\n",
        [(".png", ["invert"], None)],
    ),
}
ENDINGS = (".jpg", ".png", ".tif")
FOLDERS = ("", "", "2026/", "a/b/")
HOW = ("move", "move", "copy", "link", "slow")

TRUNCATED = r"truncat|premature|ends too early|end of (file|input|stream)|out of order|corrupt|not enough|read (error|gave)|cut off|unable|invalid|short|Read Error"
TOO_LARGE = r"megapixels"
# What the machine does to the mill must not be told as a picture's fault.
NOT_THE_REASON = r"given up|killed|No space|Read-only|Kafka|broker|lease"


class Feed(Oracle):
    def __init__(self, mill, pictures, dice):
        super().__init__(mill, pictures, KINDS)
        self.dice = dice
        self.reasons = {}  # (pipeline, name) -> what its reason file must say
        self.number = 0
        self.proved_files = 0

    def picture(self, large, number, ending=".jpg"):
        sizes = ((700, 560), (901, 653)) if large else ((200, 150), (160, 240), (251, 199))
        width, height = sizes[number % len(sizes)]
        return self.pictures.picture(width=width, height=height, seed=number % 3, ending=ending)

    def drop(self, pipeline, name, path, good=True, how="move"):
        (self.good if good else self.bad)[(pipeline, name)] = path
        self.wanted[(pipeline, name, "done" if good else "failed")] += 1
        self.mill.drop(path, pipeline, name, how, pause=0.02, pieces=4)

    def drop_one(self):
        dice, self.number = self.dice, self.number + 1
        ending, large = dice.choice(ENDINGS), dice.random() < 0.4
        name = f"{dice.choice(FOLDERS)}{self.number:05}{ending}"
        pipeline = dice.choice(("mono", "mono", "pair", "pair", "small", "turned", "narrow"))
        path, why = self.picture(large, dice.randrange(6), ending), None
        if pipeline == "narrow" and large:
            why = TOO_LARGE
        elif dice.random() < 0.07:
            path, name, why = self.broken(large, dice.randrange(6)), f"{name[:-4]}.png", TRUNCATED
        if why:
            self.reasons[(pipeline, name)] = why
        self.drop(pipeline, name, path, good=why is None, how=dice.choice(HOW))

    def open_files(self, most):
        """How many of this round are not over yet; counting ends at most."""
        count = 0
        for key in [*self.good, *self.bad]:
            if not self.is_over(key):
                count += 1
                if count >= most:
                    break
        return count

    def is_over(self, key):
        return any(os.path.exists(self.mill.inbox(key[0], end, key[1])) for end in ("_done", "_failed"))

    def faults(self):
        return super().faults() + self.faults_of_reasons() + self.faults_of_state()

    def faults_of_reasons(self):
        found = []
        for (pipeline, name), wanted in self.reasons.items():
            text = self.mill.reason(pipeline, name) or ""
            if text and (not re.search(wanted, text, re.I) or re.search(NOT_THE_REASON, text)):
                found.append(f"{pipeline}/{name}: not the true reason: {text.strip()}")
        return found

    def faults_of_state(self):
        """A spool has no name, and what is prepared is cleared away."""
        known = re.compile(r"history\.db(-wal|-shm)?$|inboxes\.json$|lock$|assets/|\.ballast$")
        left = [name for name in files_below(self.mill.path("state")) if not known.match(name)]
        return [f"left in the state folder: {name}" for name in left]

    def begin_anew(self):
        """What was proved is cleared away: what of it comes again later is too much then."""
        self.proved_files += len(self.good) + len(self.bad)
        for pipeline in KINDS:
            for end in ("_done", "_failed"):
                shutil.rmtree(self.mill.inbox(pipeline, end), ignore_errors=True)
            shutil.rmtree(self.mill.out(pipeline), ignore_errors=True)
        for files in (self.good, self.bad, self.reasons):
            files.clear()
