# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that write fail by rules, in every process of a mill: build/tests/badsync.so, see tests/badsync.c."""
import os
import struct

from mill import TOP

LIBRARY = os.path.join(TOP, "tests", "badsync.so")


class BadSync:
    """rules: (kind, first, times, part of the path)."""

    def __init__(self, path, rules):
        self.path, self.rules = path, rules
        with open(path, "w", encoding="ascii") as file:
            file.writelines(f"{kind} {first} {times} 0 {part}\n" for kind, first, times, part in rules)

    def environment(self):
        return {"LD_PRELOAD": LIBRARY, "DROPMILL_BADSYNC": self.path}

    def failed(self):
        """How often each rule made a call fail."""
        with open(f"{self.path}.count", "rb") as file:
            return [struct.unpack("<II", file.read(8))[1] for _ in self.rules]
