# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders for builds with hooks: what certain pictures, or certain workers, do to their processes; see src/base/testing/ordered_failure.h."""
import os

import pytest

from mill import BINARY, TOP

# Sanitized programs have the hooks built in.
HOOKS = BINARY if os.environ.get("DROPMILL_SANITIZED") else os.path.join(TOP, "hooks", "dropmill")


class Trouble:
    """A file of words PLACE:STEM:WHAT; processes read it anew each time."""

    def __init__(self, folder):
        if not os.path.exists(HOOKS):
            pytest.fail(f"{HOOKS} is not built: make hooks")
        self.path = os.path.join(str(folder), "trouble")
        self.order()
        self.env = {"DROPMILL_TEST_TROUBLE": self.path}

    def order(self, *words):
        """From now on this, and nothing else."""
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write("\n".join(words))
        os.rename(self.path + ".new", self.path)
