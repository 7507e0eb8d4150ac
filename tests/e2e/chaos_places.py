# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a chaos run takes place: a mill whose every line is kept, small file systems to fill up, a worker behind a link of its own."""
import os
import shutil
import socket
import subprocess
import threading
import time

from broker import Broker
from mill import BINARY, TOP, Mill
from waiting import PATIENCE

# Sanitized programs have the hooks built in.
HOOKS = BINARY if os.environ.get("DROPMILL_SANITIZED") else os.path.join(TOP, "hooks", "dropmill")
GONE_MS = 3000 * PATIENCE


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")


class LoggedMill(Mill):
    """All its lives in one log, with the seconds since the run began; faults can be switched on (src/base/testing/fault.h)."""

    def __init__(self, folder, log, prefix=()):
        super().__init__(folder, HOOKS)
        self.log_path, self.prefix, self.began = log, list(prefix), time.monotonic()
        self.switches = self.path("faults")
        os.makedirs(self.switches, exist_ok=True)

    def _read(self, stream, lines):
        with open(self.log_path, "a", encoding="utf-8") as file:
            for raw in stream:
                line = raw.decode(errors="replace").rstrip("\n")
                lines.append(line)
                file.write(f"{time.monotonic() - self.began:9.3f} {line}\n")
                file.flush()

    def environment(self, extra=None):
        more = {"DROPMILL_TEST_FAULTS": self.switches, "DROPMILL_TEST_TWICE": "7", "DROPMILL_TEST_GONE_MS": str(GONE_MS)}
        return super().environment({**more, **(extra or {})})

    def arguments(self, command, options):
        return self.prefix + super().arguments(command, options)

    def switch(self, name, text):
        """On with a text, off with None. Whole from the first moment: the mill may look at any time."""
        path = os.path.join(self.switches, name)
        if text is None:
            if os.path.exists(path):
                os.unlink(path)
            return
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.rename(path + ".new", path)


class SmallDisk:
    """A tmpfs on a folder; full, or read-only, for a while."""

    def __init__(self, path, size):
        self.path, self.ballast = path, os.path.join(path, ".ballast")
        run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "dropmill-chaos", path)

    def fill(self):
        """To the last block: what is freed under a running mill is not given back to it."""
        with open(self.ballast, "ab", buffering=0) as file:
            for size in (1 << 20, 1 << 16, 1 << 12):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def empty(self):
        if os.path.exists(self.ballast):
            os.unlink(self.ballast)

    def read_only(self, on):
        run("mount", "-o", f"remount,{'ro' if on else 'rw'}", self.path)

    def close(self, keep):
        if keep:
            shutil.copytree(self.path, f"{self.path}.kept", ignore_dangling_symlinks=True, dirs_exist_ok=True)
        run("umount", self.path)


class Link:
    """A network namespace with one cable to here."""

    def __init__(self):
        number = os.getpid() % 16000
        self.name = f"dm{number}"
        third, fourth = number // 64, number % 64 * 4
        self.here, there = f"10.213.{third}.{fourth + 1}", f"10.213.{third}.{fourth + 2}"
        run("ip", "netns", "add", self.name)
        try:
            run("ip", "link", "add", f"{self.name}a", "type", "veth", "peer", "name", f"{self.name}b", "netns", self.name)
            run("ip", "addr", "add", f"{self.here}/30", "dev", f"{self.name}a")
            self.up(True)
            for words in (f"addr add {there}/30 dev {self.name}b", f"link set {self.name}b up", "link set lo up"):
                run("ip", "-n", self.name, *words.split())
        except OSError:
            self.close()
            raise
        # In process numbers of its own, too: a worker that shares nothing with the master but the broker.
        self.prefix = ["ip", "netns", "exec", self.name, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]

    def up(self, on):
        run("ip", "link", "set", f"{self.name}a", "up" if on else "down")

    def close(self):
        run("ip", "netns", "del", self.name)


class LocalBroker(Broker):
    """With a second address for who comes over the link. It is started beside the run, which must not stand still for it."""

    def __init__(self, data, link):
        settings, self.far = [], None
        if link:
            with socket.socket() as probe:
                probe.bind((link.here, 0))
                port = probe.getsockname()[1]
            self.far = f"{link.here}:{port}"
            settings = [
                f"listeners=PLAINTEXT://127.0.0.1:@PORT@,CONTROLLER://127.0.0.1:@CONTROLLER@,FAR://{self.far}",
                f"advertised.listeners=PLAINTEXT://127.0.0.1:@PORT@,FAR://{self.far}",
                "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,FAR:PLAINTEXT",
            ]
        super().__init__(data, settings)
        self.starting = None
        self.failure = None

    def start_beside(self):
        def work():
            try:
                self.start()
            except Exception as error:  # pylint: disable=broad-except
                self.failure = error

        self.starting = threading.Thread(target=work)
        self.starting.start()

    def is_up(self):
        if self.failure:
            raise AssertionError(f"the broker could not be started again: {self.failure}")
        return self.process is not None and not (self.starting and self.starting.is_alive())
