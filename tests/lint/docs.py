#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""README.md and the manual of operations against the program: generated parts, every option, every subcommand.

Usage: docs.py BUILD [--write]; --write puts what the program prints into README.md and src/dist/OPERATIONS.md.
"""
import itertools
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
README = os.path.join(ROOT, "README.md")
MAN = os.path.join("src", "dist", "dropmill.1")
MANUAL = os.path.join("src", "dist", "OPERATIONS.md")
MANUAL_HEAD = """<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
# Operations

What `dropmill ops --markdown` prints (`make docs` writes it here). `dropmill ops NAME` tells the same of one.

"""
COMMANDS = ("run", "master", "worker", "once", "check", "ops", "topics", "status")

DAEMONS = ("run", "master", "worker", "once")


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def index_of(operations):
    """A line a group; the manual tells the rest."""
    groups = itertools.groupby(operations, key=lambda operation: operation["group"])
    return "".join(f"- **{group}**: {', '.join(o['name'] for o in members)}\n" for group, members in groups)


def junk():
    """The table in src/master/intake/junk.c, as people read it."""
    with open(os.path.join(ROOT, "src", "master", "intake", "junk.c"), encoding="utf-8") as file:
        table = file.read().split("/* junk: begin */")[1].split("/* junk: end */")[0]
    table = table.replace('REASON_ENDING', '".reason.txt"')
    table = re.sub(r'"\s*"', "", table)
    rows = re.findall(r'\{\s*"([^"]*)",\s*"([^"]*)"\s*\}', table)
    if len(rows) != table.count("{"):
        raise SystemExit("src/master/intake/junk.c: a line of the table was not understood")
    lines = ["| Who makes them | Names |", "| --- | --- |"]
    for who, patterns in rows:
        lines.append(f"| {who} | {' '.join(f'`{pattern}`' for pattern in patterns.split('|'))} |")
    return "\n".join(lines) + "\n"


def generated(program):
    """Generated parts of README: their name in the marks around them, and their text."""
    return {
        "operations": index_of(json.loads(output_of(program, "ops", "--json"))),
        "formats": output_of(program, "ops", "--formats", "--markdown"),
        "junk": junk(),
    }


def marks(part):
    return f"<!-- {part}: begin (make docs) -->\n", f"<!-- {part}: end -->\n"


def part_of(readme, part):
    begin, end = marks(part)
    if readme.count(begin) != 1 or readme.count(end) != 1:
        raise SystemExit(f"README.md must hold the lines {begin.strip()} and {end.strip()} once each")
    return readme.split(begin)[1].split(end)[0]


def main():
    build = sys.argv[1]
    program = os.path.join(ROOT, build, "dropmill")
    with open(README, encoding="utf-8") as file:
        readme = file.read()
    wanted = generated(program)
    manual = MANUAL_HEAD + output_of(program, "ops", "--markdown")
    if "--write" in sys.argv:
        for part, text in wanted.items():
            begin, end = marks(part)
            readme = readme.replace(begin + part_of(readme, part) + end, begin + text + end)
        with open(README, "w", encoding="utf-8") as file:
            file.write(readme)
        with open(os.path.join(ROOT, MANUAL), "w", encoding="utf-8") as file:
            file.write(manual)
        return
    problems = [
        f"the {part} in README.md are not those of the program: make docs"
        for part, text in wanted.items()
        if part_of(readme, part).strip() != text.strip()
    ]
    with open(os.path.join(ROOT, MANUAL), encoding="utf-8") as file:
        if file.read() != manual:
            problems.append(f"{MANUAL} is not what `dropmill ops --markdown` prints: make docs")
    with open(os.path.join(ROOT, MAN), encoding="utf-8") as file:
        man = file.read().replace("\\-", "-")
    problems += [f"{MAN} does not explain {command}" for command in COMMANDS if f".B {command}\n" not in man]
    for command in COMMANDS:
        if f"dropmill {command}" not in readme:
            problems.append(f"README.md does not mention `dropmill {command}`")
        options = set(re.findall(r"^\s+(?:-\w, )?(--[a-z][a-z-]+)", output_of(program, command, "--help"), re.M))
        if not options:
            problems.append(f"`dropmill {command} --help` names no option: its output was not understood")
        for option in sorted(options - {"--help", "--help-all"}):
            if f"`{option}" not in readme:
                problems.append(f"README.md does not mention `{option}` of `dropmill {command}`")
            if command in DAEMONS and option not in man:
                problems.append(f"{MAN} does not mention `{option}` of `dropmill {command}`")
    print("\n".join(problems) if problems else "README.md agrees with the program")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
