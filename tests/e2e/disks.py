# SPDX-License-Identifier: GPL-2.0-or-later
"""Small file systems that a test fills, closes, takes away and brings back."""
import os
import subprocess

import pytest


class Disks:
    """disks(path, size, options): a file system of its own there."""

    def __init__(self):
        self.mounted = []

    def __call__(self, path, size="4m", options=""):
        os.makedirs(path, exist_ok=True)
        words = ["mount", "-t", "tmpfs", "-o", f"size={size}" + (f",{options}" if options else ""), "tmpfs", path]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            assert not os.environ.get("CI"), done.stderr
            pytest.skip(f"no mount here: {done.stderr.strip()}")
        self.mounted.append(path)

    def take_away(self, path):
        subprocess.run(["umount", "-l", path], check=True)
        self.mounted.remove(path)

    def end(self):
        while self.mounted:
            self.take_away(self.mounted[-1])


def remount(path, how):
    subprocess.run(["mount", "-o", f"remount,{how}", path], check=True)


def fill(folder):
    """Takes the last byte; the file that has it."""
    ballast = os.path.join(folder, "ballast")
    with open(ballast, "wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
    return ballast
