#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pyflakes over the Python files, shellcheck over the shell scripts, and the TypeScript compiler over the page's scripts."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


PAGE = os.path.join(ROOT, "src", "web", "page", "**", "*.js")
TSC = ("tsc", "--noEmit", "--allowJs", "--checkJs", "--target", "es2022", "--module", "es2022", "--moduleResolution", "node", "--pretty", "false")
# The scripts have no types. What counts is syntax (1xxx), names and imports that do not exist, and names that are declared twice.
WRONG = re.compile(r"error TS(1\d{3}|2300|2304|2305|2307|2451|2552|2614|2724|18004): (?!Cannot find module './chart.js')")


def page_is_sound():
    scripts = {os.path.basename(path): os.path.relpath(path, ROOT) for path in glob.glob(PAGE, recursive=True)}
    if not scripts:
        sys.exit("no script of the page found: this check looked in the wrong place")
    # All in one folder, as the browser gets them.
    with tempfile.TemporaryDirectory() as folder:
        for name, path in scripts.items():
            shutil.copy(os.path.join(ROOT, path), os.path.join(folder, name))
        done = subprocess.run([*TSC, *sorted(scripts)], stdout=subprocess.PIPE, text=True, check=False, cwd=folder)
    wrong = [re.sub(r"^[\w-]+\.js", lambda found: scripts.get(found.group(), found.group()), line) for line in done.stdout.splitlines() if WRONG.search(line)]
    # 0 and 2: it looked at all of them.
    if done.returncode not in (0, 2):
        wrong.append(f"tsc: exit status {done.returncode}: {done.stdout}")
    print("".join(f"{line}\n" for line in wrong), end="")
    return not wrong


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
    sys.exit(0 if page_is_sound() and not status else 1)


if __name__ == "__main__":
    main()
