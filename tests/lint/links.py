#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The master's program must not link libvips: pictures are decoded in processes that may die. Usage: links.py BUILD"""
import os
import re
import subprocess
import sys

FORBIDDEN = {"dropmill": r"vips|jpeg|png|tiff|webp|heif", "dropmill-image": r"inotify|civetweb"}


def needed(program):
    """The libraries that the program itself names; what they pull in is theirs."""
    text = subprocess.run(["readelf", "-d", program], check=True, capture_output=True, text=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", text)


def main():
    bad = False
    for name, pattern in FORBIDDEN.items():
        program = os.path.join(sys.argv[1], name)
        libraries = needed(program)
        for library in libraries:
            if re.search(pattern, library):
                print(f"{program} links {library}")
                bad = True
        if not libraries:
            print(f"{program} names no library at all: readelf's output was not understood")
            bad = True
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
