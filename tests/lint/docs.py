#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""README.md against the program: the generated table of operations, every option, every subcommand. Usage: docs.py BUILD [--write]

--write puts the current table of operations into README.md.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
README = os.path.join(ROOT, "README.md")
# Generated parts of README: their name in the marks around them, and what prints them.
PARTS = {"operations": ("ops", "--markdown"), "formats": ("ops", "--formats", "--markdown")}
COMMANDS = ("run", "master", "worker", "once", "check", "ops", "topics", "status")


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


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
    wanted = {part: output_of(program, *words) for part, words in PARTS.items()}
    if "--write" in sys.argv:
        for part, text in wanted.items():
            begin, end = marks(part)
            readme = readme.replace(begin + part_of(readme, part) + end, begin + text + end)
        with open(README, "w", encoding="utf-8") as file:
            file.write(readme)
        return
    problems = [
        f"the table of {part} in README.md is not what `dropmill {' '.join(words)}` prints: make docs"
        for part, words in PARTS.items()
        if part_of(readme, part).strip() != wanted[part].strip()
    ]
    for command in COMMANDS:
        if f"dropmill {command}" not in readme:
            problems.append(f"README.md does not mention `dropmill {command}`")
        options = set(re.findall(r"^\s+(?:-\w, )?(--[a-z][a-z-]+)", output_of(program, command, "--help"), re.M))
        if not options:
            problems.append(f"`dropmill {command} --help` names no option: its output was not understood")
        for option in sorted(options - {"--help", "--help-all"}):
            if f"`{option}" not in readme:
                problems.append(f"README.md does not mention `{option}` of `dropmill {command}`")
    print("\n".join(problems) if problems else "README.md agrees with the program")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
