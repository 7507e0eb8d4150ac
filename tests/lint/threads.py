#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""struct job is the loop's alone. A file that starts a thread, and every file of src/master that such a one leads to by its headers, does not
see it: no word of it, and no header that brings it, so that the compiler holds the rest. Functions of the loop's own files that run on another
thread all the same are named below; neither they, nor what they call in their file, nor the structures that they use may know a job.
Prints file:line: what is wrong."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCE = os.path.join(ROOT, "src")
# What only the loop may include, by itself or by another header.
LOOP_HEADERS = ("master/job/job.h", "master/state/state.h")
# Functions of files that include one of these, which run on other threads: who calls them, and which.
ON_THREADS = {
    "master/schedule/send_task.c": {"delivered": "the bus"},
    "master/kept_originals_link.c": {name: "intake" for name in ("known", "gone", "walked", "kept_there")} | {"decided": "kept's reader"},
    "master/master.c": {name: "intake" for name in ("claimed", "waiting", "more")},
    "master/batch.c": {"read_definition": "its own thread"},
    "master/start_link.c": {name: "readers of the bus" for name in ("result_arrived", "heartbeat_arrived", "record_refused")},
}
# How a function gets to run on another thread: by its name in one of these places.
STARTS = re.compile(
    r"\b(?:g_thread_new|g_thread_try_new|client_thread)\s*\([^,]*,\s*(\w+)|\bg_thread_pool_new\w*\s*\(\s*(\w+)|"
    r"\bg_task_run_in_thread\w*\s*\([^,]*,\s*(\w+)|\bpthread_create\s*\([^,]*,[^,]*,\s*(\w+)|\bbus_new\s*\([^,]*,\s*(\w+)|"
    r"\bbus_send\s*\([^,]*,[^;]*?,\s*(\w+),[^,;]*,[^,;]*\)|\bkept_new\s*\([^,]*,\s*(\w+)|\.(?:record|refused|claimed|waiting|more)\s*=\s*(\w+)|"
    r"\bevents->\w+\s*=\s*(\w+)"
)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
A_JOB = re.compile(r"\bstruct\s+job\b(?!\s*;)")
# The loop's lists and functions of jobs.
OF_JOBS = re.compile(r"\bstruct\s+job\b|\bjobs?_[a-z_]+\s*\(|->\s*(?:jobs|running|queue|sources)\b")
FUNCTION = re.compile(r"^(?:static )?(?:inline )?[\w *]+?\b(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", re.M | re.S)
STRUCT = re.compile(r"^struct (\w+) \{\n(.*?)^\}", re.M | re.S)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def code(path):
    """The text without comments and what is in quotes, includes excepted; lines stay where they are."""
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", blank, file.read(), flags=re.S)
    return re.sub(r'(?<!include )"(?:\\.|[^"\\\n])*"', lambda match: '"' + " " * (len(match.group(0)) - 2) + '"', text)


def load():
    files = {}
    for top, _, names in os.walk(SOURCE):
        for name in names:
            if name.endswith((".c", ".h")):
                path = os.path.join(top, name)
                files[os.path.relpath(path, SOURCE)] = code(path)
    return files


def headers_of(files):
    """What each file includes, by itself or by another."""
    direct = {name: {header for header in INCLUDE.findall(text) if header in files} for name, text in files.items()}
    reached = {}

    def reach(name):
        if name not in reached:
            reached[name] = set(direct[name])
            for header in direct[name]:
                reached[name] |= reach(header)
        return reached[name]

    return {name: reach(name) for name in files}


def started(text):
    """(line, function) for each that is handed to another thread."""
    for match in STARTS.finditer(text):
        function = next(group for group in match.groups() if group)
        if function != "NULL":
            yield text.count("\n", 0, match.start()) + 1, function


def thread_side(files, headers):
    """Files that start a thread and know no job, and those of src/master that their headers lead to: who implements one, or shares a private one."""
    loop = {name for name in files if headers[name] & set(LOOP_HEADERS) or name in LOOP_HEADERS}
    side = {name for name, text in files.items() if name.endswith(".c") and name not in loop and any(started(text))}
    side |= {name for name in files if name.startswith("web/")}
    fresh = set(side)
    while fresh:
        found = set()
        for name in fresh:
            for header in headers[name] | ({name} if name.endswith(".h") else set()):
                if header.startswith(("master/", "status/")) and header not in LOOP_HEADERS:
                    found |= {header, header[:-2] + ".c"}
                if header.startswith(("master/", "status/")) and header.endswith("_private.h"):
                    found |= {other for other in files if header in headers[other]}
        fresh = {name for name in found if name in files and name not in side and name not in ON_THREADS}
        side |= fresh
    return side, loop


def check_side(name, text, headers):
    for match in A_JOB.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, "it serves other threads than the loop: no struct job here, requests are values (master/job/drop.h)"
    for header in sorted(headers[name] & set(LOOP_HEADERS)):
        yield 1, f"it serves other threads than the loop and includes {header}, perhaps by another header"


def check_loop_file(name, text):
    """The loop's own file, whose functions on threads are named above."""
    bodies = {match.group(1): match for match in FUNCTION.finditer(text)}
    structs = {match.group(1): match.group(2) for match in STRUCT.finditer(text)}
    for line, function in started(text):
        if function in bodies and function not in ON_THREADS.get(name, {}):
            yield line, f"{function}() runs on another thread in a file of the loop: give it a file of its own, or name it in {os.path.basename(__file__)}"
    todo, seen = sorted(ON_THREADS.get(name, {})), set()
    while todo:
        function = todo.pop()
        if function in seen:
            continue
        seen.add(function)
        if function not in bodies:
            yield 1, f"{os.path.basename(__file__)} names {function}(), which is not here"
            continue
        whole = bodies[function].group(0)
        line = text.count("\n", 0, bodies[function].start()) + 1
        found = OF_JOBS.search(whole)
        if found:
            yield line + whole.count("\n", 0, found.start()), f"{function}() runs on another thread and knows of jobs"
        for struct in set(re.findall(r"\bstruct (\w+)", whole)):
            if A_JOB.search(structs.get(struct, "")):
                yield line, f"{function}() runs on another thread and has struct {struct}, which holds a struct job"
        todo += [called for called in re.findall(r"\b(\w+)\(", bodies[function].group(2)) if called in bodies]


def main():
    files = load()
    headers = headers_of(files)
    side, loop = thread_side(files, headers)
    problems = []
    for name in sorted(files):
        found = check_side(name, files[name], headers) if name in side else check_loop_file(name, files[name]) if name in loop else ()
        problems += [f"src/{name}:{line}: {what}" for line, what in found]
    print("\n".join(problems) or f"{len(side)} files serve other threads than the loop, and know no job")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
