#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Both programs are built as Debian's hardening=+all builds: seen in the programs, not in the flags. Usage: hardening.py BUILD"""
import glob
import os
import re
import subprocess
import sys

# What is missing: of readelf's output, a pattern that must be there.
WANTED = (
    ("no PIE (-fPIE -pie)", "-h", r"Type:\s+DYN"),
    ("no RELRO (-Wl,-z,relro)", "-l", r"GNU_RELRO"),
    ("no BIND_NOW, so RELRO is partial (-Wl,-z,now)", "-d", r"BIND_NOW|FLAGS_1.*NOW"),
    ("no stack protector (-fstack-protector-strong)", "--dyn-syms", r"__stack_chk_fail"),
    ("no FORTIFY (-O2 -D_FORTIFY_SOURCE=2)", "--dyn-syms", r"__(memcpy|v?f?printf|v?snprintf|strcpy|read|fdelt)_chk"),
    ("the stack is not told to be data (-Wl,-z,noexecstack)", "-l", r"GNU_STACK.* RW +0x"),
)
# Debian 12's start files of C have no such mark, so that the linker cannot give it to the program: each object of ours must have it.
MARKS = {
    "X86-64": ("no CET (-fcf-protection)", "IBT, SHSTK"),
    "AArch64": ("no BTI and PAC (-mbranch-protection=standard)", "BTI, PAC"),
}


def readelf(option, *files):
    command = ["readelf", "-W", option, *files]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ, LC_ALL="C")).stdout


def program_lacks(program):
    return [f"{program}: {words}" for words, option, pattern in WANTED if not re.search(pattern, readelf(option, program))]


def objects_lack(build, machine):
    files = sorted(glob.glob(f"{build}/obj/*.o") + glob.glob(f"{build}/lib/*.a"))
    # Of each object: its name, then its notes.
    objects = re.split(r"^File: ", readelf("-n", *files), flags=re.M)[1:]
    if not objects:
        return [f"{build}: readelf's output was not understood"]
    words, mark = MARKS[machine]
    return [f"{text.splitlines()[0]}: {words}" for text in objects if mark not in text]


def main():
    build = sys.argv[1]
    bad = [line for name in ("dropmill", "dropmill-image") for line in program_lacks(f"{build}/{name}")]
    machine = re.search(r"Machine:.*?(X86-64|AArch64)", readelf("-h", f"{build}/dropmill"))
    if machine:
        bad += objects_lack(build, machine.group(1))
    print("\n".join(bad), end="\n" if bad else "")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
