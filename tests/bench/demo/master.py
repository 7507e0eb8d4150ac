# SPDX-License-Identifier: GPL-2.0-or-later
"""The master of the demonstration, long-lived: for each line "IN<tab>OUT" it cuts the picture into tiles of 512 pixels, sends them as PNG
to `tasks`, puts what comes on `results` together, saves it and prints the seconds. Tiles carry no margin, so that seams show: a
right answer would cost more."""
import sys
import time

import cv2
import numpy
from confluent_kafka import Consumer, Producer, TopicPartition

TILE = 512


def send_tiles(producer, image, job):
    count = 0
    for top in range(0, image.shape[0], TILE):
        for left in range(0, image.shape[1], TILE):
            png = cv2.imencode(".png", image[top : top + TILE, left : left + TILE])[1].tobytes()
            where = [("job", job.encode()), ("left", str(left).encode()), ("top", str(top).encode())]
            producer.produce("tasks", png, partition=count % 2, headers=where)
            producer.poll(0)
            count += 1
    return count


def mill(producer, consumer, source, target, job):
    image = cv2.imread(source, cv2.IMREAD_COLOR)
    missing = send_tiles(producer, image, job)
    result = numpy.empty(image.shape[:2], numpy.uint8)
    while missing:
        message = consumer.poll(1.0)
        producer.poll(0)
        if message is None or message.error():
            continue
        where = {name: value.decode() for name, value in message.headers()}
        if where["job"] != job:
            continue
        tile = cv2.imdecode(numpy.frombuffer(message.value(), numpy.uint8), cv2.IMREAD_GRAYSCALE)
        left, top = int(where["left"]), int(where["top"])
        result[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
        missing -= 1
    cv2.imwrite(target, result, [cv2.IMWRITE_JPEG_QUALITY, 75])


def main(brokers):
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 0, "queue.buffering.max.kbytes": 1 << 20})
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "master"})
    consumer.assign([TopicPartition("results", partition, 0) for partition in range(2)])
    for number, line in enumerate(sys.stdin):
        source, target = line.rstrip("\n").split("\t")
        started = time.monotonic()
        mill(producer, consumer, source, target, f"job{number}")
        print(f"{time.monotonic() - started:.4f}", flush=True)


main(sys.argv[1])
