#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Code that acts below inboxes, out/ or the state folder names no file to the system itself: base/disk/beneath.h does, and follows no link.
And all that people read goes through base/terminal.h or base/log.h, which give a terminal no orders.
Prints file:line: what is wrong. An exception names the file, a part of the line, and why no stranger can put a link there."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Modules, or files (without .c), that act below a root.
ACTING = ("master/", "web/", "worker/", "codec/", "base/disk/files", "base/disk/folder", "base/disk/shared_memory", "ledger/", "sandbox/path_allowlist",
          "base/disk/beneath", "base/disk/roots", "image/write/parallel/parallel_", "image/encode/pyramid", "image/write/format_save")
# Calls that take a path. A word before the bracket that is a member's or a longer name is another function.
CALLS = re.compile(
    r"(?<![\w>.])(openat2?|open|creat|fopen|freopen|rename|renameat2?|l?stat|statx|fstatat|unlink|unlinkat|rmdir|remove|mkdir|mkdirat|"
    r"opendir|scandir|nftw|ftw|realpath|readlink|link|linkat|symlink|symlinkat|truncate|access|faccessat|chmod|l?chown|fchmodat|"
    r"fchownat|utimensat|utimes?|[gsl]+etxattr|l?removexattr|mkstemp|mkdtemp|statv?fs|sqlite3_open(_v2)?|"
    r"g_(open|fopen|stat|lstat|access|rename|remove|unlink|rmdir|mkdir\w*|mkstemp\w*|mkdtemp\w*|dir_open|dir_make_tmp|"
    r"file_(get|set|test|read)_?\w*|mapped_file_new))\s*\("
)
EXCEPTIONS = [
    ("base/disk/beneath", "", "it is the one that does it"),
    ("base/disk/roots", "", "it walks there without links"),
    ("base/disk/files", "openat(descriptor,", "a name in a folder that is open, O_NOFOLLOW"),
    ("base/disk/files", "unlinkat(descriptor,", "likewise"),
    ("base/disk/folder", "fstatat(dirfd(folder)", "a name in a folder that is open, no link followed"),
    ("sandbox/path_allowlist", "", "judges names of tasks: what it answers is opened through beneath.h"),
    ("base/disk/shared_memory", "g_mkstemp_full(name", "a name of its own, O_EXCL, in the state folder itself"),
    ("base/disk/shared_memory", "is_descriptor(path)", "a path in /proc"),
    ("ledger/connection", "g_file_read_link(alias", "the kernel's"),
    ("ledger/", "sqlite3_open", "SQLite opens by name; the folder's real path, with SQLITE_OPEN_NOFOLLOW"),
    ("master/inbox/inbox_lock", '"/proc/locks"', "the kernel's"),
    ("master/intake/intake_watch", '"/proc/self/fd"', "the kernel's"),
    ("master/intake/intake_watch", '"/dev/null"', "the kernel's"),
    ("master/intake/intake_watch", "readlinkat(dirfd(folder)", "the kernel's"),
    ("master/intake/intake_watch", "g_file_get_contents(path, &text", "a limit in /proc/sys"),
    ("master/intake/intake_walk", "fstatat(descriptor", "a name in a folder that is open, no link followed"),
    ("master/schedule/asset_copies", "g_file_get_contents(places[i]", "checked against its SHA-256"),
    ("master/schedule/asset_copies", "g_file_set_contents_full(path", "a rename in the state folder, which is the operator's"),
    ("master/schedule/asset_copies", "g_dir_make_tmp(", "a new folder with a name of its own, for `once`"),
    ("master/schedule/asset_copies", "g_file_read_link(", "follows the operator's own links to definitions"),
    ("image/write/format_save", "g_dir_make_tmp(", "a new folder of its own below TMPDIR"),
    ("master/master", "o->pipelines", "the operator's folder"),
    ("master/config/options", "", "the operator's configuration"),
    ("master/config/init_command", "", "the operator's folder, named on the command line"),
    ("master/config/definitions", "", "the operator's definitions"),
    ("master/batch", "", "files that a person names on the command line"),
    ("master/start", "g_mkstemp(probe)", "a name of its own, O_EXCL, in the root itself"),
    ("base/disk/files", "realpath(path, buffer)", "compares roots"),
    ("master/config/allowed", "g_file_test(", "of a root, and of folders that a person names"),
    ("master/inbox/inbox.c", "stat(current, ", "an inbox's mount point: a root and what lies above it"),
    ("master/inbox/inbox.c", "stat(parent, ", "an inbox's mount point: what lies above a root"),
    ("master/inbox/inboxes.c", "g_file_get_contents(inboxes->path", "in the state folder itself, which is the operator's"),
    ("master/inbox/inboxes.c", "g_file_set_contents_full(inboxes->path", "likewise; a rename"),
    ("worker/heartbeat", '"/proc/self/statm"', "the kernel's"),
    ("codec/explain", "", "files that a person names on the command line"),
]


# Who prints, and where that is right.
PRINTS = re.compile(r"(?<![\w>.])(v?f?printf|puts|fputs|putchar|fputc|putc|perror|psignal|g_print|g_printerr)\s*\(|\b(write)\(STD(?:OUT|ERR)")
PRINTERS = ("base/terminal", "base/log")


def code_lines(text):
    """The lines without comments and what is in quotes but paths."""
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text, flags=re.S)
    return text.split("\n")


def excused(name, line):
    return any(name.startswith(file) and part in line for file, part, _ in EXCEPTIONS)


def main():
    problems, source = [], os.path.join(ROOT, "src")
    for top, _, files in sorted(os.walk(source)):
        for file in sorted(files):
            name = os.path.relpath(os.path.join(top, file), source)
            if not file.endswith(".c"):
                continue
            with open(os.path.join(top, file), encoding="utf-8") as text:
                lines = code_lines(text.read())
            problems += [f"src/{name}:{number}: it sends orders to terminals; print through base/terminal.h"
                         for number, line in enumerate(lines, 1) if PRINTS.search(line) and not name.startswith(PRINTERS)]
            if not name.startswith(ACTING):
                continue
            for number, line in enumerate(lines, 1):
                found = CALLS.search(line)
                if found and not excused(name, line):
                    problems.append(f"src/{name}:{number}: {found.group(1)}() follows links; take the step of base/disk/beneath.h")
    print("\n".join(problems) or "no path leaves its root, nothing else prints")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
