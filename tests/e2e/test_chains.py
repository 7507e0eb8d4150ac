# SPDX-License-Identifier: GPL-2.0-or-later
"""Random chains of all operations, cut and sent as chance has it, are what libvips makes of the whole picture; and what can be
cut is cut. `make test` throws 100 of them, always the same; `make exact N=2000 SEED=7` as many and which ones you like; a failing one
is made small, printed, and kept: `make exact CASE=FILE`.
"""
import collections
import itertools
import json
import os
import shutil
import tempfile

import pytest

import chain_runs
import chains

LONG = os.environ.get("DROPMILL_CHAINS")
COUNT = int(LONG or 100)
SEED = int(os.environ.get("DROPMILL_SEED") or 1)
CASE = os.environ.get("DROPMILL_CASE")
A_MILL = 25  # chains
SHRUNK = 3  # failing chains that are made small; the others are only named

# What runs whole although it is alone, with the reason; everything else in the table must be cut.
WHOLE = {
    "auto_level": "looks at the whole picture for its levels",
    "equalize": "looks at the whole picture's histogram",
    "normalize": "looks at the whole picture for its levels",
    "smart_crop": "looks at the whole picture for what is worth keeping",
    "thumbnail": "opens the file itself (shrink-on-load)",
    "trim": "looks at the whole picture for its border",
}
VARIANTS = 3 if LONG else 2


@pytest.fixture(scope="module")
def workshop():
    folder = tempfile.mkdtemp(prefix="dropmill-chains-")
    shop = chain_runs.Workshop(folder)
    yield shop
    shop.end()
    if not os.environ.get("DROPMILL_KEEP"):
        shutil.rmtree(folder, ignore_errors=True)


def complain(workshop, failures):
    """failures: (case, setting, complaint)"""
    lines = [chain_runs.report(workshop, *failure) for failure in failures[:SHRUNK]]
    lines += [f"{case['name']} {setting}: {text}\n{chains.definition(case)}" for case, setting, text in failures[SHRUNK:]]
    return f"{len(failures)} chains are not what libvips makes of the whole picture:\n" + "\n".join(lines)


def run_all(workshop, cases, settings):
    """(case, setting, outcome) of each."""
    done = []
    for start in range(0, len(cases), A_MILL):
        group, setting = cases[start : start + A_MILL], next(settings)
        outcomes = workshop.run(group, setting)
        done += [(case, setting, outcomes[case["name"]]) for case in group]
        for case in group:
            workshop.forget(case)
    return done


def failures_of(done):
    return [(case, setting, outcome.complaint) for case, setting, outcome in done if outcome.complaint]


@pytest.mark.skipif(not CASE, reason="one case again: make exact CASE=FILE")
def test_the_case_again(workshop):
    with open(CASE, encoding="utf-8") as file:
        kept = json.load(file)
    case, setting = kept["case"], tuple(kept["setting"])
    workshop.measure(case)
    outcome = workshop.run([case], setting)[case["name"]]
    assert not outcome.complaint, f"{outcome.lane}: {outcome.complaint}\n{chains.definition(case)}"


@pytest.mark.skipif(bool(CASE), reason="only one case is asked for")
def test_every_operation_alone_is_exact_and_cut(workshop):
    """Of each operation some variants on pictures of all kinds; one at least must have been cut."""
    names = sorted(chains.operations())
    cases, unusable = [], []
    for name, variant in itertools.product(names, range(VARIANTS)):
        try:
            cases.append(workshop.throw(lambda attempt, n=name, v=variant: chains.single_case(n, v, attempt, workshop.assets)))
        except chain_runs.Unusable as why:
            unusable.append(f"{name}: {why}")
    done = run_all(workshop, cases, itertools.cycle([(64, 2, "shm"), (100, 2, "inline"), (128, 2, "shm")]))
    failures = failures_of(done)
    assert not failures, complain(workshop, failures)
    assert not unusable, "chains.py must be told what to throw (HINTS, SHAPED):\n" + "\n".join(unusable)
    lanes = collections.defaultdict(list)
    for case, _, outcome in done:
        if not case["fails"]:
            lanes[case["steps"][0]["op"]].append(outcome)
    for name, outcomes in sorted(lanes.items()):
        print(f"{name:16} {sum(o.tiled for o in outcomes)} of {len(outcomes)} tiled",
              "; ".join(sorted({o.why for o in outcomes if not o.tiled}))[:150])
    stopped = {
        name: [outcome.why for outcome in outcomes]
        for name, outcomes in lanes.items()
        if name not in WHOLE and not any(outcome.tiled for outcome in outcomes)
    }
    assert not stopped, f"no longer cut (or name them in WHOLE, with the reason): {stopped}"
    never = {name for name in WHOLE if any(outcome.tiled for outcome in lanes.get(name, []))}
    assert not never, f"are cut, so they are wrong in WHOLE: {sorted(never)}"


@pytest.mark.skipif(bool(CASE), reason="only one case is asked for")
def test_random_chains_are_exact(workshop):
    cases, settings, done = [], chain_runs.settings(SEED), []
    for start in range(0, COUNT, A_MILL):
        cases = [
            workshop.throw(lambda attempt, n=number: chains.random_case(SEED, n, attempt, workshop.assets))
            for number in range(start, min(start + A_MILL, COUNT))
        ]
        done += run_all(workshop, cases, settings)
    tiled = [outcome for _, _, outcome in done if outcome.tiled]
    whole = collections.Counter(outcome.why or "not asked" for _, _, outcome in done if not outcome.tiled)
    print(f"seed {SEED}: {len(done)} chains, {len(tiled)} tiled, {sum(bool(case['fails']) for case, _, _ in done)} fail as they must")
    for why, count in whole.most_common():
        print(f"  {count} whole: {why[:160]}")
    failures = failures_of(done)
    assert not failures, complain(workshop, failures)
    # A chain of local steps on a picture that is large enough is cut.
    stopped = [
        (case["name"], outcome.why)
        for case, (tile, _, _), outcome in done
        if not case["fails"] and not outcome.tiled and outcome.why not in chain_runs.TOO_SMALL and must_be_cut(case, tile)
    ]
    assert not stopped, f"local chains that were not cut: {stopped}"
    assert len(tiled) * 5 >= len(done), f"only {len(tiled)} of {len(done)} chains were cut: the test proves little"


def must_be_cut(case, tile):
    picture = case["picture"]
    return (
        picture["width"] * picture["height"] > tile * tile
        and all(step["op"] in LOCAL for step in case["steps"])
    )


# Whatever their parameters, and together: no far pixel, no look at the whole picture.
LOCAL = {"flip", "flop", "blur", "sharpen", "grayscale", "invert", "crop", "icc", "strip"}
