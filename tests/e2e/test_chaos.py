# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever happens, every file ends as it must. Short here; `make chaos SECONDS=1800 SEED=7` is the long one."""
import os
import sys
import tempfile

import pytest

from chaos import World
from chaos_places import HOOKS

SECONDS = int(os.environ.get("DROPMILL_CHAOS", "25"))
SEED = int(os.environ.get("DROPMILL_SEED", "1"))
# A long run may be denser or thinner: "0.3-1".
WITHOUT = tuple(name for name in os.environ.get("DROPMILL_CHAOS_WITHOUT", "").split(",") if name)
PAUSE = tuple(float(part) for part in os.environ.get("DROPMILL_CHAOS_PAUSE", "0.3-1").split("-"))


def run(pictures, kafka):
    if not os.path.exists(HOOKS):
        pytest.fail(f"{HOOKS} is not built: make hooks")
    world = World(tempfile.mkdtemp(prefix="dropmill-chaos-"), pictures, SEED, kafka, PAUSE, WITHOUT)
    problems = ["the run did not end"]
    try:
        problems = world.run(SECONDS)
        print(f"\n{'Apache Kafka' if kafka else 'embedded broker'}\n{world.table()}", file=sys.stderr)
        assert not problems, world.report()
    except Exception:
        if not world.problems:
            print(world.report())
        raise
    finally:
        world.close(keep=bool(problems))


def test_embedded(pictures):
    run(pictures, kafka=False)


def test_kafka(pictures, kafka_jars):
    run(pictures, kafka=True)
