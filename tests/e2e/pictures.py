# SPDX-License-Identifier: GPL-2.0-or-later
"""Test pictures, and what libvips alone makes of them: build/tests/picture and build/tests/reference, which share no code with us."""
import fcntl
import hashlib
import os
import shutil
import subprocess

from mill import TOP

# Never sanitized: they stand for libvips as it is.
PICTURE = os.path.join(TOP, "tests", "picture")
REFERENCE = os.path.join(TOP, "tests", "reference")


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


class Pictures:
    """Makes each picture and each reference once; cache is a folder for the session."""

    def __init__(self, cache):
        self.cache = str(cache)

    def _once(self, key, ending, make):
        """The cached file of this key; make(path) writes it. The name goes in whole at the end."""
        path = os.path.join(self.cache, hashlib.sha256(repr(key).encode()).hexdigest()[:20] + ending)
        if not os.path.exists(path):
            with open(os.path.join(self.cache, "lock"), "w", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not os.path.exists(path):
                    fresh = os.path.join(self.cache, "fresh" + ending)
                    make(fresh)
                    os.rename(fresh, path)
        return path

    def picture(self, width=1200, height=900, bands=3, depth=8, seed=1, ending=".png", orientation=None, cmyk=False, profile=None):
        """A photograph-like picture; same arguments, same bytes."""

        def make(path):
            command = [PICTURE, path, "--width", str(width), "--height", str(height), "--bands", str(bands)]
            command += ["--depth", str(depth), "--seed", str(seed)]
            if orientation:
                command += ["--orientation", str(orientation)]
            if cmyk:
                command += ["--cmyk"]
            if profile:
                command += ["--profile", profile]
            run(command)

        key = ("picture", width, height, bands, depth, seed, ending, orientation, cmyk, profile)
        return self._once(key, ending, make)

    def reference(self, source, steps, ending, quality=None):
        """The file that libvips alone writes: source through steps, all of it at once."""

        def make(path):
            run([REFERENCE, source, path, *steps] + (["--quality", str(quality)] if quality else []))

        return self._once(("reference", os.path.basename(source), tuple(steps), ending, quality), ending, make)

    def raw(self, path, scratch):
        """Geometry line and pixels of a file, decoded by libvips."""
        target = os.path.join(str(scratch), "decoded.raw")
        run([REFERENCE, path, target, "--raw"])
        with open(target, "rb") as file:
            data = file.read()
        os.unlink(target)
        return data

    def differing_bytes(self, got, wanted, scratch):
        """0 when both files decode to the same pixels; -1 when not even their geometry agrees."""
        a, b = self.raw(got, scratch), self.raw(wanted, scratch)
        if a == b:
            return 0
        if len(a) != len(b) or a.split(b"\n", 1)[0] != b.split(b"\n", 1)[0]:
            return -1
        return sum(x != y for x, y in zip(a, b))

    def assert_same(self, got, wanted, scratch, what=""):
        """The pixels agree; for JPEG the files too, byte by byte."""
        if same_file(got, wanted):
            return
        differing = self.differing_bytes(got, wanted, scratch)
        where = f"{what}: {got} against {wanted}"
        assert differing != -1, f"{where}: size, bands or format differ"
        assert differing == 0, f"{where}: {differing} bytes of pixels differ"
        assert not got.endswith((".jpg", ".jpeg")), f"{where}: the pixels agree, the files do not"


def same_file(a, b):
    if os.path.getsize(a) != os.path.getsize(b):
        return False
    with open(a, "rb") as one, open(b, "rb") as two:
        return one.read() == two.read()


def truncated(source, target, keep=0.5):
    """A copy that ends early."""
    shutil.copyfile(source, target)
    os.truncate(target, int(os.path.getsize(source) * keep))
    return target
