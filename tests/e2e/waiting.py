# SPDX-License-Identifier: GPL-2.0-or-later
"""Conditions with deadlines: no test sleeps for a fixed time and hopes."""
import os
import time

# Sanitized programs and loaded machines are slower; deadlines are for hangs, not for measuring.
PATIENCE = 4 if os.environ.get("DROPMILL_SANITIZED") else 1


class Late(AssertionError):
    """The condition did not come true in time."""


def wait_until(condition, what, seconds=30, step=0.01):
    """The first true value of condition(). what: a text, or a function that tells how things stand."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Late(f"waited {seconds * PATIENCE} s for {what() if callable(what) else what}")
        time.sleep(step)


def stays(condition, what, seconds):
    """condition() is true now and for so long: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), what() if callable(what) else what
        time.sleep(0.01)
