# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases of chains.py run: by build/tests/chain for the measure, by a mill, compared; and a failing one made small."""
import copy
import json
import os
import random
import re
import select
import subprocess
import time

import chains
from mill import ROOT, TOP, Mill
from pictures import PICTURE, Pictures, run
from waiting import PATIENCE

CHAIN = os.path.join(TOP, "tests", "chain")
KEPT = os.path.join(TOP, "exact")  # where failing cases lie, to be repeated
# A case that takes the measure longer than this is no case for a test of hundreds.
PATIENT_SECONDS = 12 * PATIENCE
NO_END_SECONDS = 40 * PATIENCE  # nothing ended for so long: what is left will not
WHY = re.compile(r"([a-z0-9_-]+)/\S+ runs whole: (.*)$")
# Reasons that say nothing against the chain.
TOO_SMALL = ("small picture", "fits into one tile")


class Slow(Exception):
    """The measure is not there in time."""


class Unusable(AssertionError):
    """Whatever was thrown, the checker or the chain refuses it."""


class Died(Exception):
    """The measure ended: libvips crashed, or the tool."""


class Tool:
    """One build/tests/chain, asked line by line."""

    def __init__(self, command):
        self.command = command
        self.process = None

    def ask(self, *words, seconds=PATIENT_SECONDS):
        """(word, text) of the answer."""
        if not self.process:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(
                [CHAIN, self.command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        self.process.stdin.write(("\t".join(words) + "\n").encode())
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            self.end()
            raise Slow(f"no answer in {seconds} s")
        line = self.process.stdout.readline().decode()
        if not line:
            status = self.process.wait()
            self.process = None
            raise Died(f"build/tests/chain {self.command} ended with {status}")
        word, _, text = line.rstrip("\n").partition(" ")
        return word, text

    def end(self):
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None


class Workshop:
    """A folder with pictures, assets, measures; mills are started in it."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.pictures = Pictures(self.folder)
        self.make, self.compare = Tool("make"), Tool("compare")
        self.assets = self._assets()
        self.mills = 0

    def _assets(self):
        watermark = self.pictures.picture(width=61, height=37, bands=4, seed=5)
        profile = os.path.join(self.folder, "profile.icc")
        run([PICTURE, profile, "--write-profile", "p3"])
        fonts = subprocess.run(["fc-list", "--format", "%{file}\n"], capture_output=True, text=True, check=False)
        font = sorted(line for line in fonts.stdout.split("\n") if line.endswith((".ttf", ".otf")))
        return {"profile": profile, **({"font": font[0]} if font else {}), "image": watermark}

    def end(self):
        self.make.end()
        self.compare.end()

    def forget(self, case):
        for what in ("wanted", "yaml"):
            if os.path.exists(self.path(case, what)):
                os.unlink(self.path(case, what))

    def source(self, case):
        return self.pictures.picture(**case["picture"])

    def path(self, case, what):
        return os.path.join(self.folder, f"{case['name']}.{what}")

    def measure(self, case):
        """The tool's answer; the measure lies in path(case, "wanted")."""
        definition = self.path(case, "yaml")
        with open(definition, "w", encoding="utf-8") as file:
            file.write(chains.definition(case))
        return self.make.ask(definition, self.source(case), dropped_name(case), self.path(case, "wanted"))

    def throw(self, make):
        """The first of make(0), make(1)... that is a case; now and then one that fails on its picture, which the mill must
        notice, too."""
        for attempt in range(60):
            case = make(attempt)
            try:
                word, text = self.measure(case)
            except Slow:
                continue
            except Died as death:
                raise AssertionError(f"{death}: with {chains.definition(case)}on {case['picture']}") from None
            if word == "ok" or (word == "failed" and attempt % 4 == 3):
                case["fails"] = text if word == "failed" else None
                return case
        raise Unusable(f"60 chains, and none can be used; the last: {word} {text}\n{chains.definition(case)}")

    def mill(self):
        self.mills += 1
        return Mill(os.path.join(self.folder, f"mill{self.mills}"))

    def run(self, cases, setting):
        """name -> Outcome of each case, all of them in one mill with this setting."""
        tile, workers, plane = setting
        mill = self.mill()
        try:
            for case in cases:
                mill.pipeline(case["name"], chains.definition(case))
            mill.start(tile=tile, workers=workers, payload=plane)
            for case in cases:
                mill.drop(self.source(case), case["name"], dropped_name(case))

            everything = self.wait(mill, len(cases))
            jobs = {job["pipeline"]: job for job in mill.jobs()}
            reasons = dict(found.groups() for found in map(WHY.search, mill.lines) if found)
            outcomes = {case["name"]: self.outcome(mill, case, jobs, reasons) for case in cases}
            if everything:
                mill.stop()
            return outcomes
        finally:
            mill.abandon()

    @staticmethod
    def wait(mill, count):
        """Until so many jobs have ended: True; or until none has for a while: False."""
        ended, since = 0, time.monotonic()
        while ended < count:
            jobs = mill.status()["jobs"]
            if jobs["done"] + jobs["failed"] > ended:
                ended, since = jobs["done"] + jobs["failed"], time.monotonic()
            if time.monotonic() - since > NO_END_SECONDS:
                return False
            time.sleep(0.05)
        return True

    def outcome(self, mill, case, jobs, reasons):
        name, job = case["name"], jobs.get(case["name"])
        if not job:
            return Outcome("none", "", f"no job: {mill.log()[-2000:]}")
        lane, why = job["lane"], reasons.get(name, "")
        if job["state"] in ("queued", "running"):
            return Outcome(lane, why, f"no end: {job['state']}, {job['tiles']}")
        if case["fails"]:
            return Outcome(lane, why, None if job["state"] == "failed" else f"is {job['state']}, but {case['fails']}")
        if job["state"] != "done":
            return Outcome(lane, why, f"{job['state']}: {job.get('error')}")
        got = mill.out(name, os.path.splitext(dropped_name(case))[0] + case["ending"])
        word, text = self.compare.ask(got, self.path(case, "wanted"), seconds=120)
        return Outcome(lane, why, None if word == "same" else text)

    # -- a failing case made small

    def still_fail(self, candidates, setting):
        """Those of the candidates that fail, too, in their order."""
        usable = []
        for number, candidate in enumerate(candidates):
            candidate["name"] = f"shrunk-{number}"
            try:
                word, text = self.measure(candidate)
            except (Slow, Died):
                continue
            if word == ("failed" if candidate["fails"] else "ok"):
                usable.append(candidate)
        outcomes = self.run(usable, setting) if usable else {}
        return [candidate for candidate in usable if outcomes[candidate["name"]].complaint]

    def shrink(self, case, setting, seconds=90):
        """The smallest case and setting that were found to fail."""
        deadline = time.monotonic() + seconds
        tile, _, _ = setting
        for easier in ((tile, 1, "shm"), (tile, 1, setting[2])):
            if easier != setting and self.still_fail([copy.deepcopy(case)], easier):
                setting = easier
                break
        while time.monotonic() < deadline:
            found = self.still_fail(smaller(case), setting)
            if not found:
                break
            # Of those that fail, the one with the least to read.
            case = min(found, key=weight)
        return case, setting


class Outcome:
    def __init__(self, lane, why, complaint):
        self.lane, self.why, self.complaint = lane, why, complaint

    @property
    def tiled(self):
        return self.lane == "tiled"


def dropped_name(case):
    return case["name"] + case["picture"]["ending"]


def weight(case):
    picture = case["picture"]
    return len(chains.definition(case)), len(picture), picture["width"] * picture["height"]


def smaller(case):
    """Cases that are simpler by one thing."""
    found = []

    def add(change):
        candidate = copy.deepcopy(case)
        change(candidate)
        if weight(candidate) < weight(case):
            found.append(candidate)

    for index, step in enumerate(case["steps"]):
        if len(case["steps"]) > 1:
            add(lambda c, i=index: c["steps"].pop(i))
        for key, value in step["params"].items():
            add(lambda c, i=index, k=key: c["steps"][i]["params"].pop(k))
            if isinstance(value, float):
                for digits in (0, 1):
                    add(lambda c, i=index, k=key, v=round(value, digits): c["steps"][i]["params"].update({k: v}))
    for key in ("orientation", "profile", "depth"):
        add(lambda c, k=key: c["picture"].pop(k, None))
    for key in ("width", "height"):
        for divisor in (2, 1.25):
            size = max(1, int(case["picture"][key] / divisor))
            add(lambda c, k=key, s=size: c["picture"].update({k: s}))
    if case["picture"]["bands"] > 1 and not case["picture"].get("cmyk"):
        add(lambda c: c["picture"].update({"bands": 1}))
    return found


def keep(case, setting):
    """Writes the case where `make exact CASE=` finds it."""
    os.makedirs(KEPT, exist_ok=True)
    path = os.path.join(KEPT, f"{case['name']}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"case": case, "setting": setting}, file, indent=1)
    return os.path.relpath(path, ROOT)


def report(workshop, case, setting, complaint):
    """What a person gets to read of a failing case: the small one, as YAML, and how to run it again."""
    name = case["name"]
    small, with_ = workshop.shrink(case, setting)
    small = {**copy.deepcopy(small), "name": name}
    picture = " ".join(f"--{key} {value}" if value is not True else f"--{key}"
                       for key, value in small["picture"].items() if key != "ending")
    return (
        f"{name}: {complaint}\n  shrunk to --tile {with_[0]} --workers {with_[1]} --payload {with_[2]}, "
        f"build/tests/picture p{small['picture']['ending']} {picture}\n"
        + "".join(f"    {line}\n" for line in chains.definition(small).splitlines())
        + f"  again: make exact CASE={keep(small, with_)}   (as it was: {keep({**case, 'name': name + '-whole'}, setting)})"
    )


def settings(seed):
    """One setting after the other."""
    dice = random.Random(f"settings/{seed}")
    while True:
        yield dice.choice(chains.TILES[:3] * 4 + chains.TILES), dice.choice((1, 2, 2, 3, 4, 5)), dice.choice(("shm", "inline"))
