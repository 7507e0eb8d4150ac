#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Standard input: what `make -Bn objects` prints. Standard output: compile_commands.json."""
import json
import os
import shlex
import sys

entries = []
for line in sys.stdin:
    words = shlex.split(line) if " -c -o " in line else []
    if words and words[-1].endswith(".c"):
        entries.append({"directory": os.getcwd(), "file": words[-1], "arguments": words})
json.dump(entries, sys.stdout, indent=1)
sys.stdout.write("\n")
