# SPDX-License-Identifier: GPL-2.0-or-later
"""The two topics of the demonstration, made anew."""
import sys
import time

from confluent_kafka.admin import AdminClient, NewTopic


def main(brokers):
    admin = AdminClient({"bootstrap.servers": brokers})
    for future in admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1) for name in ("tasks", "results")]).values():
        future.result(30)
    while not {"tasks", "results"} <= set(admin.list_topics(timeout=10).topics):
        time.sleep(0.1)


main(sys.argv[1])
