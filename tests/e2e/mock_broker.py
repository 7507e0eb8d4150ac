# SPDX-License-Identifier: GPL-2.0-or-later
"""A broker in memory for a mill whose roles are apart: librdkafka's mock cluster, in a process of its own. No group of Kafka's own tools can
use it, and a partition keeps 5 MiB; but it starts at once and needs no Java."""
import contextlib
import ctypes
import itertools
import json
import subprocess
import sys
import threading

TOPICS = ("tasks", "results", "heartbeats", "dead-letters")


GROUP = "dropmill-workers"
# UNKNOWN_TOPIC_OR_PARTITION. Not TOPIC_AUTHORIZATION_FAILED: the mock of librdkafka 2.8 then names partitions, as no Kafka does, and its client crashes.
UNKNOWN_TOPIC = 3


def serve(partitions, lost, hidden):
    """Prints the address; ends with standard input. lost: there is a second broker, which is down, and may be said to lead "tasks". hidden: a topic
    that nobody may see; "": none."""
    kafka = ctypes.CDLL("librdkafka.so.1")
    pointer, number = ctypes.c_void_p, ctypes.c_int32
    kafka.rd_kafka_conf_new.restype = pointer
    kafka.rd_kafka_new.restype = pointer
    kafka.rd_kafka_new.argtypes = [ctypes.c_int, pointer, ctypes.c_char_p, ctypes.c_size_t]
    kafka.rd_kafka_mock_cluster_new.restype = pointer
    kafka.rd_kafka_mock_cluster_new.argtypes = [pointer, ctypes.c_int]
    kafka.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    kafka.rd_kafka_mock_cluster_bootstraps.argtypes = [pointer]
    kafka.rd_kafka_mock_topic_create.argtypes = [pointer, ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
    kafka.rd_kafka_mock_partition_set_leader.argtypes = [pointer, ctypes.c_char_p, number, number]
    kafka.rd_kafka_mock_coordinator_set.argtypes = [pointer, ctypes.c_char_p, ctypes.c_char_p, number]
    kafka.rd_kafka_mock_broker_set_down.argtypes = [pointer, number]
    text = ctypes.create_string_buffer(512)
    host = kafka.rd_kafka_new(0, kafka.rd_kafka_conf_new(), text, len(text))
    cluster = kafka.rd_kafka_mock_cluster_new(host, 2 if lost else 1)
    for topic in TOPICS:
        count = partitions if topic in ("tasks", "results") else 1
        kafka.rd_kafka_mock_topic_create(cluster, topic.encode(), count, 1)
        for partition in range(count):
            kafka.rd_kafka_mock_partition_set_leader(cluster, topic.encode(), partition, 1)
    kafka.rd_kafka_mock_coordinator_set(cluster, b"group", GROUP.encode(), 1)
    if hidden:
        kafka.rd_kafka_mock_topic_set_error.argtypes = [pointer, ctypes.c_char_p, ctypes.c_int]
        kafka.rd_kafka_mock_topic_set_error(cluster, hidden.encode(), UNKNOWN_TOPIC)
    if lost:
        kafka.rd_kafka_mock_broker_set_down(cluster, 2)
    print(kafka.rd_kafka_mock_cluster_bootstraps(cluster).decode().split(",")[0], flush=True)
    # Who leads all partitions of tasks. Nobody (-1) would end this process from librdkafka 2.8 on, when somebody asks for such a partition.
    for line in sys.stdin:
        for partition in range(partitions):
            kafka.rd_kafka_mock_partition_set_leader(cluster, b"tasks", partition, int(line))


class Address(str):
    """HOST:PORT, and who leads the partitions of tasks there: 1, or the broker that is down, 2."""

    def of(self, process):
        self.process = process
        return self

    def lead(self, broker):
        self.process.stdin.write(f"{broker}\n")
        self.process.stdin.flush()


@contextlib.contextmanager
def mock_broker(partitions=2, lost=False, hidden=""):
    with subprocess.Popen([sys.executable, __file__, str(partitions), str(int(lost)), hidden], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as process:
        try:
            yield Address(process.stdout.readline().strip()).of(process)
        finally:
            process.kill()


def beat(address, name, number):
    """One heartbeat of a worker that has nothing to do, whatever it was sent."""
    value = {"id": name, "host": "nowhere", "pid": 1, "machine": "another", "state": "idle", "job": "", "tile": -1, "attempt": 0, "busy_us": 0, "done": 0,
             "failed": 0, "partitions": [0], "lag": 0, "planes": ["inline"], "files": False, "vips": "8.14.1", "test_hash": "", "rss_bytes": 1,
             "sequence": number}
    subprocess.run(["kcat", "-P", "-q", "-b", address, "-t", "heartbeats", "-p", "0", "-H", "v=1", "-H", "type=heartbeat"], check=True,
                   input=json.dumps(value).encode(), timeout=30)


@contextlib.contextmanager
def beats():
    """(address, name): a broker, and a worker on it that says it is idle, several times a second, and does nothing."""
    with mock_broker() as address:
        over = threading.Event()

        def run():
            for number in itertools.count(1):
                if over.wait(0.1):
                    return
                beat(address, "idler", number)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield address, "idler"
        finally:
            over.set()
            thread.join()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
