# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the processes of one mill: each inherits a mark in its environment, whoever its parent is by now."""
import os
import signal

MARK = "DROPMILL_TEST_MARK"
# What a master may grow by whatever it is given. AddressSanitizer keeps up to 256 MB of freed memory besides, to find who uses it.
GROWTH_BYTES = (64 + (256 if os.environ.get("DROPMILL_SANITIZED") else 0)) << 20


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def marked(mark):
    """Process ids whose environment holds the mark; a zombie has none."""
    found = []
    needle = f"{MARK}={mark}".encode()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if needle in file.read().split(b"\0"):
                        found.append(int(name))
            except OSError:
                pass  # it ended, or is not ours
    return sorted(found)


def arguments(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return [part.decode(errors="replace") for part in file.read().split(b"\0")[:-1]]
    except OSError:
        return []


def role(pid):
    """The subcommand of one of our programs: "run", "master", "worker", "codec"; "" for anything else.

    `dropmill worker` starts and supervises workers: it is a "supervisor", the worker is the program that links libvips.
    """
    words = arguments(pid)
    program = os.path.basename(words[0]) if words else ""
    command = next((word for word in words[1:] if not word.startswith("-")), "")
    if program == "dropmill" and command == "worker":
        return "supervisor"
    return command if program.startswith("dropmill") else ""


def kill_all(mark):
    for pid in marked(mark):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def shared_memory():
    """Names below /dev/shm that are ours: there should never be one, segments are anonymous."""
    return {name for name in os.listdir("/dev/shm") if "dropmill" in name}
