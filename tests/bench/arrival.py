# SPDX-License-Identifier: GPL-2.0-or-later
"""When does a file appear in a folder? Through inotify, so that waiting costs the measured programs no processor time."""
import ctypes
import os
import select
import struct
import time

IN_CLOSE_WRITE, IN_MOVED_TO = 0x8, 0x80
LIBC = ctypes.CDLL(None, use_errno=True)


class Arrivals:
    """Files that are renamed (or written and closed) into a folder, which must exist."""

    def __init__(self, folder):
        self.folder = folder
        self.descriptor = LIBC.inotify_init1(os.O_CLOEXEC)
        if LIBC.inotify_add_watch(self.descriptor, os.fsencode(folder), IN_MOVED_TO | IN_CLOSE_WRITE) < 0:
            raise OSError(ctypes.get_errno(), folder)

    def wait(self, name, seconds, refuse=lambda: None):
        """time.monotonic() when the file of this name is there. refuse() is asked now and then, and raises when it will never come."""
        deadline = time.monotonic() + seconds
        while not os.path.exists(os.path.join(self.folder, name)):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{name} did not appear in {self.folder} within {seconds} s")
            if select.select([self.descriptor], [], [], min(left, 2))[0]:
                self._read()
            else:
                refuse()
        return time.monotonic()

    def _read(self):
        data = os.read(self.descriptor, 65536)
        while data:
            length = struct.unpack_from("iIII", data)[3]
            data = data[16 + length :]

    def close(self):
        os.close(self.descriptor)
