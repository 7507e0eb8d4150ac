# SPDX-License-Identifier: GPL-2.0-or-later
"""Measuring: processes timed, contestants in turn, medians with their spread."""
import statistics
import subprocess
import time


class Skip(Exception):
    """A peer, or a row, that cannot be had here; the text says why."""


def timed(command, lines=None, cwd=None):
    """Wall seconds of a process from its start to its end, and what it printed."""
    started = time.monotonic()
    done = subprocess.run(command, input=lines, stdin=None if lines else subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, cwd=cwd)
    seconds = time.monotonic() - started
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")
    return seconds, done.stdout


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def spread(values, tails=False):
    found = {"median": statistics.median(values), "min": min(values), "max": max(values), "runs": len(values),
             "values": [round(value, 6) for value in values]}
    if tails:
        found.update(p50=percentile(values, 0.5), p99=percentile(values, 0.99))
    return found


def in_turn(rounds, contestants, slow=()):
    """{name: [value of each round]}: one after the other in each round, so that what the machine does meanwhile meets all of them.
    One more round comes first and does not count; those in slow run in the first counted one only."""
    values = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, run in contestants.items():
            if name in slow and number != 1:
                continue
            value = run(number)
            if number > 0:
                values[name].append(value)
    return values
