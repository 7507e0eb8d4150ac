# SPDX-License-Identifier: GPL-2.0-or-later
"""A worker of the demonstration: takes PNG tiles from `tasks` in a consumer group, greys and blurs them, answers on `results`."""
import sys

import cv2
import numpy
from confluent_kafka import Consumer, Producer


def mill(png):
    tile = cv2.imdecode(numpy.frombuffer(png, numpy.uint8), cv2.IMREAD_COLOR)
    blurred = cv2.GaussianBlur(cv2.cvtColor(tile, cv2.COLOR_BGR2GRAY), (0, 0), 3)
    return cv2.imencode(".png", blurred)[1].tobytes()


def main(brokers):
    cv2.setNumThreads(1)  # two workers, two cores
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "workers", "auto.offset.reset": "earliest"})
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 0})
    consumer.subscribe(["tasks"], on_assign=lambda unused, partitions: print(f"assigned {len(partitions)}", flush=True))
    while True:
        message = consumer.poll(1.0)
        producer.poll(0)
        if message is None or message.error():
            continue
        producer.produce("results", mill(message.value()), headers=message.headers())


main(sys.argv[1])
