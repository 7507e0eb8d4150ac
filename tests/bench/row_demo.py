# SPDX-License-Identifier: GPL-2.0-or-later
"""Row 3: the demonstration's design in Python (demo/) and the mill, on one real Apache Kafka; the mill's pixels travel in its records."""
import os
import subprocess

import peers
from broker import Broker, Unavailable, fetch
from measure import Skip, in_turn, timed
from rig import BARE

DEMO = os.path.join(peers.HERE, "demo")


class Demo:
    """Master and two workers, started, in their group, and fed one picture before it counts."""

    def __init__(self, brokers):
        peers.need_module("confluent_kafka", "python3-confluent-kafka")
        peers.need_module("cv2", "python3-opencv")
        timed([peers.PYTHON, os.path.join(DEMO, "topics.py"), brokers])
        self.workers = [self.start("worker.py", brokers) for _ in range(2)]
        # The group is complete when each has one of the two partitions; assignments of before are told, too.
        held = [0, 0]
        while held != [1, 1]:
            for index, worker in enumerate(self.workers):
                if held[index] != 1:
                    held[index] = int(worker.stdout.readline().split()[1])
        self.master = self.start("master.py", brokers)

    @staticmethod
    def start(script, brokers):
        return subprocess.Popen([peers.PYTHON, os.path.join(DEMO, script), brokers], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)

    def mill(self, source, target):
        """Seconds, as the master has measured."""
        self.master.stdin.write(f"{source}\t{target}\n")
        self.master.stdin.flush()
        return float(self.master.stdout.readline())

    def stop(self):
        for process in [self.master, *self.workers]:
            process.kill()
            process.wait()


def run(rig):
    title = f"{'18' if rig.quick else '107'} MP JPEG, Apache Kafka on the same cores, inline"
    try:
        fetch()
        broker = Broker(rig.path("kafka")).start()
    except Unavailable as why:
        rig.skip(3, title, why)
        return
    source = rig.large()
    peer_output = rig.path("peer-kafka.jpg")
    demo = None
    try:
        with rig.dropper(rig.mill("mill-kafka", brokers=broker.address, payload="inline", topic_prefix="mill-")) as dropper:
            turns = {"bare libvips process": lambda i: timed([BARE, source, peer_output])[0],
                     "dropmill": lambda i: dropper.drop_and_check(source, f"k{i}", peer_output)}
            try:
                demo = Demo(broker.address)
                turns["the demonstration's design"] = lambda i: demo.mill(source, rig.path("demo.jpg"))
            except Skip as why:
                rig.skip(3, f"{title}: the demonstration's design", why)
            values = in_turn(rig.rounds, turns)
        rig.row(3, title, "s", {"dropmill": values.pop("dropmill"), **values}, target=1.5)
    finally:
        if demo:
            demo.stop()
        broker.stop()
