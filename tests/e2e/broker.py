# SPDX-License-Identifier: GPL-2.0-or-later
"""A real one-node Apache Kafka, through tests/kafka/kafka. It can be killed, and started again on the same data and port."""
import ctypes
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


def grow(address, topic, count):
    """More partitions for a topic, as an administrator gives them."""
    kafka = ctypes.CDLL("librdkafka.so.1")
    for name in ("conf_new", "new", "NewPartitions_new", "queue_new", "queue_poll"):
        getattr(kafka, f"rd_kafka_{name}").restype = ctypes.c_void_p
    pointer, text = ctypes.c_void_p, ctypes.create_string_buffer(512)
    conf = pointer(kafka.rd_kafka_conf_new())
    assert kafka.rd_kafka_conf_set(conf, b"bootstrap.servers", address.encode(), text, 512) == 0, text.value
    handle = pointer(kafka.rd_kafka_new(0, conf, text, 512))
    more = pointer(kafka.rd_kafka_NewPartitions_new(topic.encode(), ctypes.c_size_t(count), text, 512))
    queue = pointer(kafka.rd_kafka_queue_new(handle))
    kafka.rd_kafka_CreatePartitions(handle, ctypes.byref(more), ctypes.c_size_t(1), None, queue)
    answer = pointer(kafka.rd_kafka_queue_poll(queue, 30000))
    assert answer and kafka.rd_kafka_event_error(answer) == 0, f"{topic} did not grow"
    kafka.rd_kafka_event_destroy(answer)
    kafka.rd_kafka_NewPartitions_destroy(more)
    kafka.rd_kafka_queue_destroy(queue)
    kafka.rd_kafka_destroy(handle)


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
