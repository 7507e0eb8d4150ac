# SPDX-License-Identifier: GPL-2.0-or-later
"""A real one-node Apache Kafka, through tests/kafka/kafka. It can be killed, and started again on the same data and port."""
import os
import signal
import socket
import subprocess

from mill import ROOT, TOP
from waiting import wait_until

SCRIPT = os.path.join(ROOT, "tests", "kafka", "kafka")
JARS = os.path.join(TOP, "kafka")
MISSING = 3


class Unavailable(Exception):
    """Java or Maven is missing, or the jars cannot be fetched; the text says which."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch():
    done = subprocess.run([SCRIPT, "fetch", JARS], capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise Unavailable(done.stderr.strip() or f"{SCRIPT} fetch: status {done.returncode}")


class Broker:
    def __init__(self, data, settings=(), options=()):
        """settings: more lines for server.properties; options: more words for `tests/kafka/kafka start`."""
        self.data = str(data)
        self.options = [word for line in settings for word in ("--set", line)] + list(options)
        self.process = None
        self.address = None

    def reserve(self):
        """The address that it will have, for who must know it before the first start."""
        port = free_port()
        self.options += ["--port", str(port)]
        return f"127.0.0.1:{port}"

    def start(self):
        """Waits until it answers; the address stays the same over restarts."""
        self.process = subprocess.Popen(
            [SCRIPT, "start", JARS, "--data", self.data, *self.options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True, start_new_session=True,
        )
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            status = self.process.wait()
            text = f"{SCRIPT} start: status {status}; see {self.data}/server.log"
            raise Unavailable(text) if status == MISSING else AssertionError(text)
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.process.stdout.close()
            self.process = None

    def pid(self):
        """Of the broker itself, not of the script that starts it."""
        with open(os.path.join(self.data, "broker.pid"), encoding="ascii") as file:
            return int(file.read())

    def kill(self):
        """kill -9 of the broker itself."""
        os.kill(self.pid(), signal.SIGKILL)
        wait_until(lambda: self.process.poll() is not None, "the broker's script to end", 20)
        self.process.stdout.close()
        self.process = None
