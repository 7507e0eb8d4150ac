#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Include direction, third-party headers in their homes, file length, first lines. Prints file:line: what is wrong."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LONGEST = 400

# Which modules a module may include; "main" stands for main.c and command_*.c, "main_image" for main_image.c.
ALLOWED = {
    "base": {"base"},
    "pipeline": {"base", "pipeline"},
    "image": {"base", "pipeline", "image"},
    "bus": {"base", "pipeline", "bus"},
    "codec": {"base", "pipeline", "image", "bus", "codec"},
    "worker": {"base", "pipeline", "image", "bus", "worker"},
    "master": {"base", "pipeline", "bus", "master"},
    "web": {"base", "web"},
    "main": {"base", "pipeline", "bus", "master", "web"},
    "main_image": {"base", "pipeline", "image", "bus", "codec", "worker"},
}
# The page reads snapshots and nothing else of the master.
EXCEPTIONS = {"web": {"master/snapshot.h", "master/record_view.h"}}

# A third-party header and the files (prefixes below src/) that may include it.
HOMES = {
    r"vips/": ("image/", "codec/", "worker/", "main_image.c"),
    r"librdkafka/": ("bus/",),
    r"inotifytools/": ("master/intake",),
    r"yaml\.h": ("pipeline/node.c",),
    r"civetweb\.h": ("web/",),
    r"sqlite3\.h": ("base/history",),
    r"seccomp\.h": ("image/sandbox",),
    r"gsf/": ("image/writes.c",),
    r"jpeglib\.h": ("image/strips_jpeg.c",),
    r"tiffio\.h": ("image/tiff_pieces.c",),
    r"libexif/": ("image/tiff_exif.c",),
    r"zlib\.h": ("image/png_chunk.c",),
    r"systemd/": ("master/service.c",),
    r"(glib|glib-object|glib-unix|gio/.*|gmodule|json-glib/json-glib|glib/gstdio|glib/.*)(\.h)?$": ("",),
}
# What comes with the C library and the kernel.
SYSTEM = re.compile(
    r"((sys|linux|netinet|arpa|net|bits|asm)/[a-z0-9_-]+|assert|ctype|dirent|errno|fcntl|fenv|float|getopt|glob|inttypes|"
    r"limits|locale|malloc|math|netdb|poll|pthread|pwd|sched|semaphore|signal|stdarg|stdatomic|stdbool|stddef|stdint|"
    r"stdio|stdlib|stdnoreturn|string|strings|sysexits|syslog|termios|time|ucontext|unistd|utime|wchar|wctype|spawn|"
    r"setjmp|ftw|fts|fnmatch|grp|libgen|mntent|regex)\.h$"
)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"
SOURCE_ENDINGS = (".c", ".h", ".py", ".js", ".css", ".sh", ".html")

problems = []


def problem(path, line, text):
    problems.append(f"{os.path.relpath(path, ROOT)}:{line}: {text}")


def sources(*folders):
    for folder in folders:
        for where, names, files in os.walk(os.path.join(ROOT, folder)):
            names[:] = sorted(n for n in names if n != "__pycache__")
            for name in sorted(files):
                yield os.path.join(where, name)


def module_of(below):
    if "/" in below:
        return below.split("/")[0]
    return "main_image" if below.startswith("main_image") else "main"


def check_own_include(path, number, below, header):
    module = module_of(below)
    target = header.split("/")[0] if "/" in header else None
    if not os.path.exists(os.path.join(ROOT, "src", header)):
        problem(path, number, f'"{header}" is not below src/; include as "module/file.h"')
    elif module not in ALLOWED:
        problem(path, number, f"module {module} is unknown to {os.path.basename(__file__)}: give it a layer")
    elif target not in ALLOWED[module] and header not in EXCEPTIONS.get(module, ()):
        problem(path, number, f'{module} must not include "{header}": lower never includes higher')


def check_foreign_include(path, number, below, header):
    if SYSTEM.match(header):
        return
    for pattern, homes in HOMES.items():
        if re.match(pattern, header):
            if not any(below.startswith(home) for home in homes):
                problem(path, number, f"<{header}> belongs in {' '.join(homes)} only")
            return
    problem(path, number, f"<{header}> is a new third-party header: give it a home in {os.path.basename(__file__)}")


def check_includes(path, lines):
    below = os.path.relpath(path, os.path.join(ROOT, "src"))
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if found and found.group(1) == '"':
            check_own_include(path, number, below, found.group(2))
        elif found:
            check_foreign_include(path, number, below, found.group(2))


def check_form(path, lines):
    if len(lines) > LONGEST:
        problem(path, LONGEST + 1, f"{len(lines)} lines; a file over {LONGEST} is two files")
    head = lines[:2] if lines and lines[0].startswith("#!") else lines[:1]
    if path.endswith(".html"):
        head = lines[:3]
    if not any(SPDX in line for line in head):
        problem(path, 1, f"the first line (below #!) must hold {SPDX}")
    if path.endswith(".h") and "/src/" in path and not any("Purpose:" in line for line in lines[:6]):
        problem(path, 1, "a header opens with Purpose, Thread and Ownership")


# The picture of the page in README: the one file that is no text.
PICTURE = os.path.join("src", "dist", "page.png")


def main():
    count = 0
    for path in sources("src", "tests"):
        try:
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
        except UnicodeDecodeError:
            if path.endswith(PICTURE):
                continue
            problem(path, 1, "not text: no binary files in the repository; make it in code")
            continue
        if path.endswith(SOURCE_ENDINGS) or (lines and lines[0].startswith("#!")):
            count += 1
            check_form(path, lines)
        if path.endswith((".c", ".h")) and os.path.relpath(path, ROOT).startswith("src" + os.sep):
            check_includes(path, lines)
    print("\n".join(problems) if problems else f"{count} files keep the layers")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
