# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory of a running mill: master and codecs, and what they share. Looked at from a process of its own that gives way to others; in a
round whose time does not count, since reading smaps_rollup holds the process's memory map."""
import os
import select
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
import processes  # noqa: E402

PERIOD_S = 0.05


def field_kib(path, name):
    try:
        with open(path, encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith(name)), 0)
    except (OSError, ValueError):
        return 0  # it ended


def resident_kib(pid):
    return field_kib(f"/proc/{pid}/status", "VmRSS:")


def shared_bytes(pid):
    """What the memfds of this process really hold: blocks, not lengths, since their rings are sparse until touched."""
    total, seen = 0, set()
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            path = f"/proc/{pid}/fd/{name}"
            if os.readlink(path).startswith("/memfd:"):
                status = os.stat(path)
                if status.st_ino not in seen:
                    seen.add(status.st_ino)
                    total += status.st_blocks * 512
    except OSError:
        pass
    return total


def private_kib(pid):
    """PSS without pages of shared memory, which are counted once, as a whole."""
    rollup = f"/proc/{pid}/smaps_rollup"
    return field_kib(rollup, "Pss:") - field_kib(rollup, "Pss_Shmem:")


def sample(mark):
    """Bytes: master and codecs, workers, shared."""
    lean = workers = shared = 0
    for pid in processes.marked(mark):
        role = processes.role(pid)
        if role in ("run", "codec"):
            lean += private_kib(pid) * 1024
        elif role == "worker":
            workers += private_kib(pid) * 1024
        if role == "run":
            shared = shared_bytes(pid)
    return lean, workers, shared


def main(mark):
    """Until standard input ends; then the highest sums: master + codec + shared, workers, shared alone."""
    os.nice(5)
    peaks = [0, 0, 0]
    while not select.select([sys.stdin], [], [], PERIOD_S)[0]:
        lean, workers, shared = sample(mark)
        peaks = [max(peaks[0], lean + shared), max(peaks[1], workers), max(peaks[2], shared)]
    print(*peaks)


if __name__ == "__main__":
    main(sys.argv[1])
