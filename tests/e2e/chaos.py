# SPDX-License-Identifier: GPL-2.0-or-later
"""A chaos run: a mill under a stream of drops while a seeded scheduler injects faults; in the end, of every file what became of it.

The seed decides the drops, the faults and the pauses between them. When exactly each of them hits is the machine's business.
"""
import collections
import heapq
import os
import random
import re
import shutil
import signal
import sys
import time

from chaos_faults import NotNow, possible, roles_left
from chaos_feed import Feed
from chaos_places import Link, LocalBroker, LoggedMill, SmallDisk
from mill import READY, URL
from waiting import PATIENCE, Late, wait_until

ROUND = 60  # s of faults between two verdicts
OPEN_MOST = 30  # files that are dropped and not over
PAUSE = (0.3, 1.0)  # s between two faults
BROKEN = re.compile(r"SIG(SEGV|ABRT|BUS|ILL|FPE|TRAP)|CRITICAL|assertion|stack smashing")


class World:
    """The mill, its broker and workers, and what is scheduled for them."""

    def __init__(self, folder, pictures, seed, kafka, pause=PAUSE, without=()):
        self.folder, self.pictures, self.seed, self.kafka, self.pause = folder, pictures, seed, kafka, pause
        self.dice = random.Random(f"pauses {seed}")
        self.injected = 0
        self.without, self.lacks = without, {}
        self.faults, self.lacking = [], []
        self.results = collections.Counter()  # (fault, result) -> how often
        self.events, self.problems = [], []
        self.began = time.monotonic()
        self.agenda, self.order, self.busy = [], 0, set()
        self.expected = None  # the process whose end is ours
        self.on_death = None
        self.restart_at, self.restart_pause, self.launched_at = None, 0, 0
        self.disk_trouble, self.disk_trouble_until = 0, 0
        self.disks, self.hosts = {}, []
        self.link = self.broker = self.far = None
        self.mill = LoggedMill(os.path.join(folder, "mill"), os.path.join(folder, "mill.log"))
        self.feed = Feed(self.mill, pictures, random.Random(f"drops {seed}"))

    # -- the place

    def try_to_have(self, need, make):
        """What takes root, and more in some containers: without it the faults that need it are left out, with the reason."""
        try:
            make()
        except OSError as reason:
            if os.environ.get("CI"):
                raise
            self.lacks[need] = str(reason).splitlines()[0]

    def open_disks(self):
        for name, size in (("out", "256m"), ("state", "64m")):
            self.disks[name] = SmallDisk(self.mill.path(name), size)

    def open_link(self):
        self.link = Link()

    def open(self):
        self.try_to_have("disks", self.open_disks)
        if self.kafka:
            self.try_to_have("link", self.open_link)
        else:
            self.lacks.update(kafka="the embedded broker is a part of the master", link="the embedded broker is a part of the master")
        self.faults, self.lacking = possible(self.lacks, self.without)
        if self.kafka:
            self.broker = LocalBroker(os.path.join(self.folder, "kafka"), self.link)
            os.makedirs(self.broker.data, exist_ok=True)
            self.broker.start()
            self.hosts.append(LoggedMill(os.path.join(self.folder, "near"), os.path.join(self.folder, "near.log")))
            if self.link:
                self.far = LoggedMill(os.path.join(self.folder, "far"), os.path.join(self.folder, "far.log"), self.link.prefix)
                self.hosts.append(self.far)
        self.launch()
        for host in self.hosts:
            self.start_host(host)
        self.mill.wait_ready(60 * PATIENCE)

    def mills(self):
        return [self.mill, *self.hosts]

    def launch(self):
        brokers = {"brokers": self.broker.address, "workers": 1} if self.kafka else {"workers": 3}
        self.mill.launch("run", tile=256, **brokers)
        self.restart_at, self.launched_at = None, time.monotonic()

    def start_host(self, host, before=None):
        """before: its process that is about to end; another may have taken its place already."""
        if host.process is not before:
            return
        if host.running():
            self.later(0.2, lambda: self.start_host(host, before))
            return
        far = host is self.far
        if far:
            host.launch("worker", count=1, brokers=self.broker.far, payload="inline")
        else:
            allow = [self.mill.path("watch"), self.mill.path("out")]
            host.launch("worker", count=1, brokers=self.broker.address, allow=allow)

    def close(self, keep):
        """Whatever the state of things: nothing of this run goes on."""
        for mill in self.mills():
            mill.abandon()
        if self.broker:
            if self.broker.starting:
                self.broker.starting.join()
            self.broker.stop()
        for disk in self.disks.values():
            disk.close(keep)
        if self.link:
            self.link.close()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- the agenda

    def later(self, seconds, action, alone=""):
        self.order += 1
        if alone:
            self.busy.add(alone)
        heapq.heappush(self.agenda, (time.monotonic() + seconds, self.order, action, alone))

    def run_agenda(self, everything=False):
        """What is due, or all that stands there now; actions may put new ones there."""
        last = self.order
        while self.agenda and (self.agenda[0][0] <= time.monotonic() or everything) and self.agenda[0][1] <= last:
            _, _, action, alone = heapq.heappop(self.agenda)
            self.busy.discard(alone)
            action()

    def say(self, text):
        self.events.append(f"{time.monotonic() - self.began:9.3f} {text}")

    # -- the master

    def need_master(self):
        if not self.mill.running() or self.expected is self.mill.process:
            raise NotNow

    def expect_master(self, process):
        """The end of this process is ours; None: no end is expected from now on."""
        self.expected, self.restart_pause = process, 0

    def end_master(self, number, pause):
        self.need_master()
        self.expected, self.restart_pause = self.mill.process, pause
        self.mill.process.send_signal(number)

    def look_after_master(self):
        if self.mill.running():
            if self.disk_trouble:
                self.disk_trouble_until = time.monotonic() + 2
            return
        if self.restart_at is None:
            self.note_end(self.mill.process.returncode)
            self.restart_at = time.monotonic() + self.restart_pause
        if time.monotonic() >= self.restart_at:
            self.launch()

    def note_end(self, status):
        died, self.on_death = self.on_death, None
        self.mill.switch("crash", None)
        if died:
            died()
        expected = self.expected is self.mill.process
        # SIGTERM may come before the program has begun to listen.
        if expected and (status in (-9, 0) or (status == -signal.SIGTERM and not self.mill.lines)):
            return
        if status == 1 and (self.disk_trouble or time.monotonic() < self.disk_trouble_until):
            # It cannot begin on a disk that takes nothing, says so, and is started again, as systemd would.
            self.results["master started on such a disk", "ended with the reason"] += 1
            self.restart_pause = 0.5
        else:
            how = "was told to end, and did so" if expected else "ended by itself"
            self.problems.append(f"the master {how} with status {status}:\n{self.mill.log()[-2000:]}")

    def is_ready(self):
        """And not about to end: a signal takes its time."""
        return self.mill.running() and self.expected is not self.mill.process and any(READY.search(line) and URL.search(line) for line in list(self.mill.lines))

    # -- faults

    def inject(self):
        # Each has dice of its own, so that one which finds nothing to hit does not change all that come after it.
        self.injected += 1
        dice = random.Random(f"fault {self.injected} of {self.seed}")
        for _ in range(20):
            fault = dice.choices(self.faults, [fault.weight for fault in self.faults])[0]
            if fault.alone and fault.alone in self.busy:
                continue
            try:
                result = fault.begin(self, dice)
            except NotNow:
                continue
            self.say(f"{fault.name}{': ' + result if result else ''}")
            if result:
                self.results[fault.name, result] += 1
            return

    def turn(self):
        self.run_agenda()
        self.look_after_master()

    def spell(self, seconds):
        """Faults and drops for so long."""
        end = time.monotonic() + seconds
        next_fault = next_drop = time.monotonic()
        while time.monotonic() < end and not self.problems:
            self.turn()
            now = time.monotonic()
            if now >= next_fault:
                self.inject()
                next_fault = now + self.dice.uniform(*self.pause) * PATIENCE
            if now >= next_drop:
                if self.feed.open_files(OPEN_MOST) < OPEN_MOST:
                    self.feed.drop_one()
                next_drop = now + 0.15 * PATIENCE
            time.sleep(0.01)

    def heal(self):
        """Every fault is over, and the mill is up."""
        self.say("all faults are ended")
        # Whoever looked at a switch a moment ago acts on it within this.
        self.mill.switch("crash", None)
        time.sleep(0.3)
        self.run_agenda(everything=True)

        def healed():
            self.run_agenda(everything=True)
            self.look_after_master()
            return self.problems or (not self.agenda and (not self.broker or self.broker.is_up()) and self.is_ready())

        wait_until(healed, lambda: f"the mill to be up again:\n{self.mill.log()[-4000:]}", 90, 0.05)
        line = next(line for line in self.mill.lines if READY.search(line) and URL.search(line))
        self.mill.url = URL.search(line).group(0)

    def verdict(self):
        self.heal()
        if self.problems:
            return
        try:
            self.feed.drain(240 if self.kafka else 150)
        except Late as late:
            self.problems.append(str(late)[-6000:])
            return
        self.problems += self.feed.faults()
        for mill in self.mills():
            with open(mill.log_path, encoding="utf-8") as file:
                self.problems += [f"in the log: {line.strip()}" for line in file if BROKEN.search(line)]
        if not self.problems:
            self.feed.begin_anew()
            said = f"{time.monotonic() - self.began:.0f} s: {self.count()} faults, {self.feed.proved_files} files proved"
            print(said, file=sys.stderr, flush=True)

    # -- all of it

    def run(self, seconds):
        """Problems found; none when every file is accounted for."""
        end = time.monotonic() + seconds
        self.open()
        while not self.problems:
            left = end - time.monotonic()
            # A last round that would be short is put to this one.
            self.spell(left if left < 1.5 * ROUND else ROUND)
            if not self.problems:
                self.verdict()
            if left < 1.5 * ROUND:
                break
        if not self.problems:
            self.end()
        return self.problems

    def end(self):
        for host in self.hosts:
            for pid in host.pids("supervisor"):
                host.kill(pid, signal.SIGTERM)
            host.process.wait(30 * PATIENCE)
            host.check_clean()
        self.mill.stop(60)
        wait_until(lambda: not roles_left(self), lambda: f"no process left: {roles_left(self)}", 10)

    def count(self):
        return sum(count for (name, _), count in self.results.items() if not name.startswith("master started"))

    def table(self):
        lines = [f"{'fault':32} {'count':>6}  result"]
        for (name, result), count in sorted(self.results.items()):
            lines.append(f"{name:32} {count:6}  {result}")
        lines += [f"{name:32} {'-':>6}  not here: {why}" for name, why in self.lacking]
        lines.append(f"{'all':32} {self.count():6}  {self.feed.proved_files} files proved, seed {self.seed}")
        return "\n".join(lines)

    def report(self):
        """For a run that failed: what was found, and what had been done when."""
        shown = self.events[-400:]
        return "\n".join([
            f"chaos, seed {self.seed}, {'Apache Kafka' if self.kafka else 'embedded broker'}; kept: {self.folder} (mill.log)",
            *self.problems[:40], "--- faults, in seconds since the start", *shown, "---", self.table(),
        ])
