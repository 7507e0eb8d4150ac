#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Include direction, third-party headers in their homes, file length, first lines. Prints file:line: what is wrong."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LONGEST = 400

# Which rooms (folders below src/) a room may include besides itself; main and main_image are the programs' own files.
ALLOWED = {
    "base": {"base/testing"},
    "base/disk": {"base", "base/testing"},
    "base/testing": {"base"},
    "bus": {"base", "bus/protocol"},
    "bus/command": {"base", "bus"},
    "bus/protocol": {"base", "base/disk", "bus"},
    "codec": {"base", "base/disk", "base/testing", "definition", "definition/reader", "definition/template", "definition/yaml", "image/chain", "image/describe", "image/encode", "image/operations", "image/quirks", "image/read", "image/table", "image/write", "image/write/parallel", "sandbox"},
    "definition": {"base", "definition/template"},
    "definition/expression": {"base", "definition/yaml"},
    "definition/reader": {"base", "base/disk", "definition", "definition/expression", "definition/template", "definition/yaml"},
    "definition/template": {"base", "base/disk", "definition/yaml"},
    "definition/yaml": {"base", "base/disk"},
    "image/asset": {"base", "base/disk", "definition/reader", "image/read", "sandbox"},
    "image/chain": {"base", "definition/expression", "image/asset", "image/check", "image/kernels", "image/operations", "image/quirks", "image/read", "image/table"},
    "image/check": {"base", "definition/yaml", "image/asset", "image/read", "image/table"},
    "image/describe": {"base", "definition", "definition/expression", "definition/reader", "definition/yaml", "image/asset", "image/check", "image/operations", "image/quirks", "image/read", "image/table", "image/vips", "image/write"},
    "image/encode": {"base", "base/disk", "definition", "image/quirks", "image/read", "image/table", "image/vips"},
    "image/fast": {"image/quirks", "image/table"},
    "image/file": {"base"},
    "image/kernels": {"base", "image/asset", "image/operations", "image/quirks", "image/table"},
    "image/operations": {"base", "base/disk", "definition/reader", "definition/yaml", "image/asset", "image/check", "image/kernels", "image/quirks", "image/read", "image/table", "image/vips"},
    "image/quirks": {"base"},
    "image/read": {"base", "base/disk", "definition/reader", "image/file", "image/operations", "image/quirks", "image/table"},
    "image/table": {"base", "definition/yaml", "image/asset", "image/quirks", "image/read"},
    "image/vips": {"base", "definition/yaml", "image/asset", "image/check", "image/table"},
    "image/write": {"base", "base/disk", "definition", "image/encode", "image/quirks", "image/read", "image/table", "image/write/parallel"},
    "image/write/parallel": {"base", "base/disk", "definition", "image/encode", "image/file", "image/read", "image/table"},
    "ledger": {"base", "base/disk"},
    "main": {"base", "base/disk", "bus", "bus/command", "master", "master/config", "web", "web/command", "web/http"},
    "main_image": {"base", "codec", "image/describe", "worker"},
    "master": {"base", "base/disk", "bus", "bus/protocol", "definition", "definition/reader", "definition/yaml", "ledger", "master/commit", "master/config", "master/fleet", "master/inbox", "master/intake", "master/job", "master/link", "master/report", "master/schedule", "master/state", "status"},
    "master/commit": {"base", "base/disk", "base/testing", "bus/protocol", "definition", "definition/template", "ledger", "master/inbox", "master/job"},
    "master/config": {"base", "base/disk", "definition", "definition/reader", "definition/yaml", "status"},
    "master/fleet": {"base", "base/disk", "bus/protocol", "master/config", "master/job", "master/policy", "status"},
    "master/inbox": {"base", "base/disk", "base/testing", "status"},
    "master/intake": {"base", "base/disk", "master/inbox"},
    "master/job": {"base", "base/disk", "bus/protocol", "definition", "definition/template", "master/inbox", "master/policy", "status"},
    "master/link": {"base", "base/disk", "bus", "bus/protocol"},
    "master/policy": {"definition"},
    "master/report": {"base", "bus", "bus/protocol", "definition", "ledger", "master/commit", "master/config", "master/fleet", "master/inbox", "master/intake", "master/job", "master/link", "master/policy", "status"},
    "master/schedule": {"base", "base/disk", "base/testing", "bus", "bus/protocol", "definition", "definition/reader", "ledger", "master/commit", "master/config", "master/fleet", "master/inbox", "master/intake", "master/job", "master/link", "master/policy", "master/report", "master/state", "status"},
    "master/state": {"base", "ledger", "master/commit", "master/config", "master/fleet", "master/inbox", "master/intake", "master/job", "master/link", "master/report", "status"},
    "sandbox": {"base", "base/disk"},
    "status": {"base", "base/disk", "definition", "ledger"},
    "web": {"base", "status", "web/api", "web/http", "web/pictures"},
    "web/api": {"base", "base/disk", "ledger", "status", "web/http", "web/pictures"},
    "web/command": {"base", "base/disk", "web", "web/http"},
    "web/http": {"base", "base/disk", "status"},
    "web/pictures": {"base", "base/disk", "status", "web/api", "web/http"},
    "worker": {"base", "base/disk", "base/testing", "bus", "bus/protocol", "image/asset", "image/chain", "image/fast", "image/operations", "image/quirks", "image/read", "image/table", "image/write", "sandbox"},
}

# A third-party header and the files (prefixes below src/) that may include it.
HOMES = {
    r"vips/": ("image/", "codec/", "worker/", "main_image.c"),
    r"librdkafka/": ("bus/",),
    r"inotifytools/": ("master/intake/",),
    r"yaml\.h": ("definition/yaml/",),
    r"civetweb\.h": ("web/",),
    r"sqlite3\.h": ("ledger/",),
    r"seccomp\.h": ("sandbox/",),
    r"dlfcn\.h": ("image/encode/write_errors.c", "image/quirks/thread_errors.c", "image/quirks/tiff_errors.c"),
    r"gsf/": ("image/encode/write_errors.c",),
    r"jpeglib\.h": ("image/write/parallel/parallel_jpeg.c",),
    r"tiffio\.h": ("image/quirks/tiff_errors.c", "image/read/tiff_pieces.c", "image/read/tiff_rgb.c"),
    r"libexif/": ("image/encode/tiff_exif.c",),
    r"libdeflate\.h": ("image/fast/png_data.c",),
    r"(emmintrin|immintrin)\.h": ("image/fast/",),
    r"zlib\.h": ("image/write/parallel/png_chunk.c",),
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


def room_of(below):
    return os.path.dirname(below) or below.rsplit(".", 1)[0]


def check_own_include(path, number, below, header):
    room, target = room_of(below), os.path.dirname(header)
    if not os.path.exists(os.path.join(ROOT, "src", header)):
        problem(path, number, f'"{header}" is not below src/; include as "room/file.h"')
    elif room not in ALLOWED:
        problem(path, number, f"room {room} is unknown to {os.path.basename(__file__)}: say what it may use")
    elif target != room and target not in ALLOWED[room]:
        problem(path, number, f'{room} must not include "{header}": see ALLOWED in {os.path.basename(__file__)}')


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


# A version of libvips in the code, or a question for one: the table of quirks has them all.
VERSION = re.compile(r"\b8\.1[4-9]\b(?!\.\d+\"|\.\d+ \()|vips_version\(|VIPS_(MAJOR|MINOR)_VERSION")
VERSION_HOMES = ("image/quirks/",)


def check_versions(path, lines):
    below = os.path.relpath(path, os.path.join(ROOT, "src"))
    for number, line in enumerate(lines, 1):
        if VERSION.search(line) and not below.startswith(VERSION_HOMES):
            problem(path, number, "versions of libvips stand in image/quirks alone: name the quirk")


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


# The picture of the page in README: the one file that is not text.
PICTURE = os.path.join("src", "dist", "doc", "page.png")


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
            check_versions(path, lines)
    print("\n".join(problems) if problems else f"{count} files keep the layers")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
