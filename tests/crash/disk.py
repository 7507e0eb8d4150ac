# SPDX-License-Identifier: GPL-2.0-or-later
"""The disk of disk.c, and file systems on it."""
import contextlib
import json
import os
import struct
import subprocess
import time

IMAGE_BYTES = 400 << 20
# name -> how it is made, how it is mounted
FILE_SYSTEMS = {
    "ext4": (["mkfs.ext4", "-q", "-F"], ["-t", "ext4"]),
    "ext4-writeback": (["mkfs.ext4", "-q", "-F"], ["-t", "ext4", "-o", "noauto_da_alloc,data=writeback"]),
    "xfs": (["mkfs.xfs", "-q", "-f"], ["-t", "xfs"]),
    "btrfs": (["mkfs.btrfs", "-q", "-f"], ["-t", "btrfs"]),
}
HEAD = struct.Struct("<cQI")


def make(system, image):
    with open(image, "wb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run([*FILE_SYSTEMS[system][0], image], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def mount(system, device, place):
    """None, or what mount says."""
    words = ["mount", *FILE_SYSTEMS[system][1]]
    at = words.index("-o") + 1 if "-o" in words else None
    if at:
        words[at] += ",loop"
    else:
        words += ["-o", "loop"]
    done = subprocess.run([*words, device, place], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip()


def unmount(place):
    for _ in range(50):
        if subprocess.run(["umount", place], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    subprocess.run(["umount", "-l", place], check=False)


@contextlib.contextmanager
def recorded(program, image, log, folder):
    """The disk, from here on logged. Yields mark(what) and refuse(each)."""
    os.makedirs(folder, exist_ok=True)
    with subprocess.Popen([program, image, log, folder]) as process:
        try:
            deadline = time.monotonic() + 10
            while not os.path.exists(os.path.join(folder, "disk")):
                assert process.poll() is None and time.monotonic() < deadline, "the disk does not come"
                time.sleep(0.02)

            def tell(name, text):
                with open(os.path.join(folder, name), "wb", buffering=0) as file:
                    file.write(text.encode())

            yield lambda **what: tell("mark", json.dumps(what)), lambda each: tell("refuse", str(each))
        finally:
            subprocess.run(["umount", "-l", folder], check=False)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


class Log:
    """What came to a disk, in order: (kind, offset, length, where the bytes lie in the log)."""

    def __init__(self, path):
        self.file = open(path, "rb")
        self.entries = []
        while len(head := self.file.read(HEAD.size)) == HEAD.size:
            kind, offset, length = HEAD.unpack(head)
            self.entries.append((kind.decode(), offset, length, self.file.tell()))
            self.file.seek(length, os.SEEK_CUR)

    def close(self):
        self.file.close()

    def bytes_of(self, index):
        _, _, length, place = self.entries[index]
        return os.pread(self.file.fileno(), length, place)

    def last_flush(self, cut):
        return next((i for i in range(cut - 1, -1, -1) if self.entries[i][0] == "F"), -1)

    def marks(self, cut):
        return [json.loads(self.bytes_of(i)) for i in range(cut) if self.entries[i][0] == "M"]

    def apply(self, image, begin, end, chosen=lambda: True):
        """Makes the writes from begin up to, and without, end in this image; of each chosen() says whether."""
        descriptor = os.open(image, os.O_WRONLY)
        for i in range(begin, end):
            kind, offset, _, _ = self.entries[i]
            if kind == "W" and chosen():
                os.pwrite(descriptor, self.bytes_of(i), offset)
        os.close(descriptor)
