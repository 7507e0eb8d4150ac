#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pyflakes over the Python files and shellcheck over the shell scripts."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def first_line(path):
    with open(path, "rb") as file:
        return file.readline()


def main():
    python, shell = [], []
    for top in (".ci", "src", "tests"):
        for where, folders, files in os.walk(os.path.join(ROOT, top)):
            folders[:] = [f for f in folders if f != "__pycache__"]
            for path in sorted(os.path.join(where, name) for name in files):
                line = first_line(path)
                if path.endswith(".py") or (line.startswith(b"#!") and b"python" in line):
                    python.append(path)
                elif line.startswith(b"#!") and line.rstrip().endswith((b"bash", b"/sh")) or path.endswith(".bash"):
                    shell.append(path)
    if not python or not shell:
        sys.exit("no scripts found: this check looked in the wrong place")
    status = subprocess.run(["pyflakes3", *python], check=False).returncode
    status |= subprocess.run(["shellcheck", "--severity=warning", *shell], check=False).returncode
    sys.exit(1 if status else 0)


if __name__ == "__main__":
    main()
