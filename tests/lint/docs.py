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
BEGIN, END = "<!-- operations: begin (make docs) -->\n", "<!-- operations: end -->\n"
COMMANDS = ("run", "master", "worker", "once", "check", "ops", "topics", "status")


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def operations_in(readme):
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise SystemExit(f"README.md must hold the lines {BEGIN.strip()} and {END.strip()} once each")
    return readme.split(BEGIN)[1].split(END)[0]


def main():
    build = sys.argv[1]
    program = os.path.join(ROOT, build, "dropmill")
    with open(README, encoding="utf-8") as file:
        readme = file.read()
    table = operations_in(readme)
    wanted = output_of(program, "ops", "--markdown")
    if "--write" in sys.argv:
        with open(README, "w", encoding="utf-8") as file:
            file.write(readme.replace(BEGIN + table + END, BEGIN + wanted + END))
        return
    problems = []
    if table.strip() != wanted.strip():
        problems.append("the table of operations in README.md is not what `dropmill ops --markdown` prints: make docs")
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
