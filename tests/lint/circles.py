#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Circles of files and of rooms at link level, from nm over the objects of a build: who defines a symbol that another file uses.
More circles, or more arrows that layers.py does not allow, than today fail. A room is the folder of a file below src/.
The ceilings below only go down. Prints what is wrong.
usage: circles.py [BUILD]"""
import collections
import os
import re
import subprocess
import sys

import layers

# How many files stand in circles, by the first folder below src/; folders that are not named have none.
FILES_IN_CIRCLES = {}
# Uses of a file in a room that ALLOWED of layers.py does not list, at link level.
UNLISTED = 0
# How many rooms use each other in a circle.
ROOMS_IN_CIRCLES = 0
# Public functions that a header of another name declares than the file that defines them.
FOREIGN_FUNCTIONS = 2
# Files of a room.
LARGEST_ROOM = 30
# Lines of a room's README.md, where there is one.
LONGEST_README = 15
DEFINED, SYMBOL = "TDBRGSC", re.compile(r"[0-9a-f]*\s+(\w)\s+(\S+)$")
DECLARED = re.compile(r"^(?!static|#|/|\s|typedef)[\w][\w *]*?\b(\w+)\(", re.M)


def read_objects(objects):
    """{symbol: unit} of what is defined, {unit: symbols} of what is used, {unit: functions}; a unit is a file below src/ without its ending."""
    defined, used, functions = {}, collections.defaultdict(set), collections.defaultdict(set)
    for folder, _, names in os.walk(objects):
        for name in names:
            unit = os.path.relpath(os.path.join(folder, name), objects)[:-2]
            if not name.endswith(".o") or not os.path.exists(os.path.join(layers.ROOT, "src", unit + ".c")):
                continue
            said = subprocess.run(["nm", os.path.join(folder, name)], capture_output=True, text=True, check=True).stdout
            for kind, symbol in (found.groups() for found in map(SYMBOL.match, map(str.strip, said.splitlines())) if found):
                # A function of GLib's or libc's that one program replaces is not what the others use.
                if kind in DEFINED and not symbol.startswith("g_") and symbol != "fclose":
                    defined[symbol] = unit
                    if kind == "T":
                        functions[unit].add(symbol)
            used[unit] = {line.split()[-1] for line in said.splitlines() if " U " in line}
    return defined, used, functions


def arrows(defined, used):
    after = {unit: set() for unit in used}
    for unit, symbols in used.items():
        after[unit] |= {defined[symbol] for symbol in symbols if symbol in defined} - {unit}
    return after


def reached(after, start):
    seen, ahead = set(), list(after[start])
    while ahead:
        node = ahead.pop()
        if node not in seen:
            seen.add(node)
            ahead += after.get(node, ())
    return seen


def circles(after):
    """Sets of nodes that reach each other, the largest first."""
    reach = {node: reached(after, node) for node in after}
    found = {frozenset(other for other in reach[node] if node in reach.get(other, ())) for node in after if node in reach[node]}
    return sorted(found, key=lambda circle: (-len(circle), sorted(circle)))


def foreign(functions):
    """Functions that only headers of another name declare."""
    homes = collections.defaultdict(set)
    for path in layers.sources("src"):
        if path.endswith(".h"):
            with open(path, encoding="utf-8") as file:
                for name in DECLARED.findall(file.read()):
                    homes[name].add(os.path.relpath(path, os.path.join(layers.ROOT, "src"))[:-2])
    return sorted(f"{name} ({unit}.c)" for unit, names in functions.items() for name in names if homes[name] and unit not in homes[name])


def check_rooms(problems):
    rooms = collections.Counter(os.path.dirname(path) for path in layers.sources("src") if path.endswith((".c", ".h")))
    for folder, count in sorted(rooms.items()):
        room = os.path.relpath(folder, layers.ROOT)
        if count > LARGEST_ROOM:
            problems.append(f"{room}: {count} files; a room has at most {LARGEST_ROOM}")
        readme = os.path.join(folder, "README.md")
        if room == "src":
            continue
        if not os.path.exists(readme):
            problems.append(f"{room}: README.md is missing: purpose, entry, what it may use, how to add the usual thing")
            continue
        with open(readme, encoding="utf-8") as file:
            lines = len(file.read().splitlines())
        if lines > LONGEST_README:
            problems.append(f"{room}/README.md: {lines} lines; at most {LONGEST_README}")


def check_circles(after, problems):
    between, unlisted = collections.defaultdict(set), []
    for unit, others in after.items():
        room = layers.room_of(unit + ".c")
        for other in others:
            target = layers.room_of(other + ".c")
            if target == room:
                continue
            between[room].add(target)
            if target not in layers.ALLOWED.get(room, ()):
                unlisted.append(f"  src/{unit}.c uses {other}: {room} must not use {target}, see ALLOWED in layers.py")
    if len(unlisted) > UNLISTED:
        problems.append(f"{len(unlisted)} uses of a room that is not listed, at most {UNLISTED}:")
        problems.extend(sorted(unlisted))
    found, in_circles = circles(after), collections.Counter()
    for circle in found:
        in_circles.update(unit.split("/")[0] for unit in circle)
    for top, count in sorted(in_circles.items()):
        if count > FILES_IN_CIRCLES.get(top, 0):
            problems.append(f"src/{top}: {count} files in circles, at most {FILES_IN_CIRCLES.get(top, 0)}:")
            problems.extend("  " + " ".join(sorted(circle)) for circle in found if any(unit.split("/")[0] == top for unit in circle))
    rooms = circles({room: set(between[room]) for room in list(between)})
    count = sum(map(len, rooms))
    if count > ROOMS_IN_CIRCLES:
        problems.append(f"{count} rooms in circles, at most {ROOMS_IN_CIRCLES}:")
        problems.extend("  " + " ".join(sorted(circle)) for circle in rooms)
    return sum(in_circles.values()), count


def main():
    defined, used, functions = read_objects(os.path.join(sys.argv[1] if len(sys.argv) > 1 else os.path.join(layers.ROOT, "build"), "obj"))
    problems = []
    files, rooms = check_circles(arrows(defined, used), problems)
    strangers = foreign(functions)
    if len(strangers) > FOREIGN_FUNCTIONS:
        problems.append(f"{len(strangers)} public functions under a header of another name, at most {FOREIGN_FUNCTIONS}:")
        problems.extend("  " + name for name in strangers)
    check_rooms(problems)
    if not used:
        problems.append("no objects to read: run make first")
    print("\n".join(problems) if problems else f"{len(used)} files: {files} in circles, {rooms} rooms in circles, {len(strangers)} foreign functions")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
