# SPDX-License-Identifier: GPL-2.0-or-later
"""The faults of a chaos run: a table of names, weights, what they need, and what they do."""
import dataclasses
import os
import signal
import subprocess

import processes
from chaos_places import GONE_MS
from mill import ROOT
from test_crash_points import points
from waiting import PATIENCE


class NotNow(Exception):
    """There is nothing that this fault could hit at the moment."""


@dataclasses.dataclass
class Fault:
    name: str
    weight: float
    begin: object  # begin(world, dice): what was done; NotNow
    needs: tuple = ()  # of "kafka", "disks", "link"
    alone: str = ""  # two that name the same thing never overlap


def victims(world, role):
    found = [pid for mill in world.mills() for pid in mill.pids(role)]
    if not found:
        raise NotNow
    return found


def kill(world, pids):
    for pid in pids:
        world.mill.kill(pid)


def one(role):
    def begin(world, dice):
        pid = dice.choice(victims(world, role))
        kill(world, [pid])
        return "killed"

    return begin


def several(world, dice):
    found = [pid for mill in world.mills() for role in ("worker", "codec") for pid in mill.pids(role)]
    if len(found) < 2:
        raise NotNow
    kill(world, dice.sample(found, dice.randint(2, len(found))))
    return "killed"


def master_kill(world, dice):
    world.end_master(signal.SIGKILL, dice.uniform(0, 0.6))
    return "killed, started again"


def master_drain(world, dice):
    world.end_master(signal.SIGTERM, dice.uniform(0, 0.3))
    return "asked to end, started again"


def master_drain_at_once(world, dice):
    world.end_master(signal.SIGTERM, 0.1)
    process = world.mill.process
    world.later(dice.uniform(0.02, 0.5), lambda: process.poll() is None and process.send_signal(signal.SIGTERM))
    return "asked twice to end, started again"


def crash_point(world, dice):
    world.need_master()
    point = f"{dice.choice(points())}:{dice.choice((1, 1, 1, 2, 3))}"
    world.mill.switch("crash", point)
    process = world.mill.process
    world.expect_master(process)
    outcome = {"text": "not come to in time"}

    def over():
        world.mill.switch("crash", None)
        world.results["crash point", outcome["text"]] += 1
        # It may have looked a moment before.
        world.later(1, lambda: world.expected is process and world.expect_master(None))

    def died():
        outcome["text"] = "died there, started again"

    world.on_death = died
    world.later(4 * PATIENCE, over, "crash")
    return None


def pause(role, short):
    """Stopped for longer than the master waits, or for a moment; what is still the same process afterwards goes on."""

    def begin(world, dice):
        pid = dice.choice(victims(world, role))
        owner = next((mill for mill in world.mills() if pid in mill.pids(role)), None)
        if not owner:
            raise NotNow
        owner.kill(pid, signal.SIGSTOP)
        name = f"{role} stopped for {'a moment' if short else 'long'}"

        def go_on():
            alive = pid in owner.pids(role)
            if alive:
                owner.kill(pid, signal.SIGCONT)
            world.results[name, "came back" if alive else "was replaced"] += 1

        seconds = dice.uniform(0.2, 1) if short else GONE_MS / 1000 * dice.uniform(1.2, 2)
        world.later(seconds, go_on)
        return None

    return begin


def worker_term(world, dice):
    world.mill.kill(dice.choice(victims(world, "worker")), signal.SIGTERM)
    return "asked to end"


def hosts_rolled(world, dice):
    """A whole host of workers ends as a rolling restart would have it, and comes again."""
    host = dice.choice(world.hosts)
    number = dice.choice((signal.SIGTERM, signal.SIGTERM, signal.SIGKILL))
    # Not its first process: that may be the one which opened a namespace for it, and hands no signal on.
    supervisors = host.pids("supervisor")
    if not supervisors:
        raise NotNow
    for pid in supervisors:
        host.kill(pid, number)
    before = host.process
    world.later(dice.uniform(0.2, 2), lambda: world.start_host(host, before))
    return "ended, started again"


def switched(name, text, seconds, result):
    def begin(world, dice):
        world.mill.switch(name, text(dice))
        world.later(dice.uniform(*seconds), lambda: world.mill.switch(name, None), name)
        return result

    return begin


def disk_full(which):
    def begin(world, dice):
        disk = world.disks[which]
        disk.fill()
        world.disk_trouble += 1

        def over():
            disk.empty()
            world.disk_trouble -= 1

        world.later(dice.uniform(0.5, 4), over, which)
        return "filled up, emptied"

    return begin


def read_only(world, dice):
    disk = world.disks["out"]
    try:
        disk.read_only(True)
    except OSError:  # somebody writes at this moment
        raise NotNow from None
    world.disk_trouble += 1

    def over():
        disk.read_only(False)
        world.disk_trouble -= 1

    world.later(dice.uniform(0.5, 4), over, "out")
    return "made so, and undone"


def broker_kill(world, dice):
    if not world.broker.is_up():
        raise NotNow
    world.broker.kill()
    world.later(dice.uniform(0.1, 3), world.broker.start_beside, "broker")
    return "killed, started again"


def broker_pause(world, dice):
    if not world.broker.is_up():
        raise NotNow
    pid = world.broker.pid()
    os.kill(pid, signal.SIGSTOP)
    world.later(dice.uniform(0.5, 2.5 * GONE_MS / 1000), lambda: os.kill(pid, signal.SIGCONT), "broker")
    return "stopped, went on"


def topics_deleted(world, dice):
    if not world.broker.is_up():
        raise NotNow
    command = [world.mill.binary, "topics", "delete", "--yes", "--brokers", world.broker.address]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90, cwd=ROOT)
    world.later(8 * PATIENCE, lambda: None, "broker")  # no other one of these at once
    return "deleted" if done.returncode == 0 else f"not deleted: {done.stderr.strip()[:60]}"


def link_down(world, dice):
    if not world.far or not world.far.running():
        raise NotNow
    world.link.up(False)
    world.later(dice.uniform(0.5, 3 * GONE_MS / 1000), lambda: world.link.up(True), "link")
    return "cut, mended"


TABLE = [
    Fault("worker killed", 10, one("worker")),
    Fault("codec killed", 8, one("codec")),
    Fault("several killed", 4, several),
    Fault("master killed", 4, master_kill, alone="master"),
    Fault("crash point", 6, crash_point, alone="master"),
    Fault("master drained", 2, master_drain, alone="master"),
    Fault("master told twice", 1, master_drain_at_once, alone="master"),
    Fault("worker stopped for long", 3, pause("worker", False)),
    Fault("worker stopped for a moment", 5, pause("worker", True)),
    Fault("codec stopped for a moment", 4, pause("codec", True)),
    Fault("codec stopped for long", 1, pause("codec", False)),
    Fault("worker asked to end", 3, worker_term),
    Fault("no shared memory", 3, switched("segment", lambda dice: "", (0.3, 3), "refused for a while"), alone="segment"),
    Fault("wall clock jumps", 3, switched("wall", lambda dice: str(dice.choice((-86400, 86400))), (0.3, 6), "a day, and back"), alone="wall"),
    Fault("out/ full", 3, disk_full("out"), ("disks",), "out"),
    Fault("out/ read-only", 3, read_only, ("disks",), "out"),
    Fault("state full", 3, disk_full("state"), ("disks",), "state"),
    Fault("broker killed", 1, broker_kill, ("kafka",), "broker"),
    Fault("broker stopped", 1.5, broker_pause, ("kafka",), "broker"),
    Fault("topics deleted", 0.7, topics_deleted, ("kafka",), "broker"),
    Fault("workers' host rolled", 3, hosts_rolled, ("kafka",)),
    Fault("link down", 4, link_down, ("link",), "link"),
]


def possible(lacks, without):
    """The faults that can be had here, and (name, reason) of the others. lacks: need -> why it is not to be had."""
    unknown = set(without) - {fault.name for fault in TABLE}
    assert not unknown, f"no such faults: {unknown}"
    lacking = [(fault.name, lacks[need]) for fault in TABLE for need in fault.needs if need in lacks]
    lacking += [(name, "left out") for name in without]
    return [fault for fault in TABLE if fault.name not in dict(lacking)], lacking


def roles_left(world):
    return [processes.arguments(pid) for mill in world.mills() for pid in mill.pids()]
