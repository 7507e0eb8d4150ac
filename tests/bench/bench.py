#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures the mill against the same chain in bare libvips, interleaved in one run; medians and ratios.

    make bench [ARGS="--rounds 9 --only drop,kafka,latency,once,first"]

Writes BUILD/bench/report.md and report.json. Every output is compared with the peer's: a fast wrong answer stops the bench.
"""
import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
from arrival import Arrivals  # noqa: E402
from broker import Broker, Unavailable, fetch  # noqa: E402
from mill import BUILD, Mill  # noqa: E402

BUILD_FOLDER = os.path.abspath(os.environ.get("BUILD", BUILD))
PROGRAM = os.path.join(BUILD_FOLDER, "dropmill")
BARE = os.path.join(BUILD_FOLDER, "tests", "bench", "bare")
PHOTOS = "/usr/share/backgrounds/mate"
LARGE_FROM = os.path.join(PHOTOS, "abstract", "Elephants_5640x3172.jpg")  # 17.9 megapixels, six times
SMALL = os.path.join(PHOTOS, "nature", "RainDrops.jpg")  # 1920x1200
DEFINITION = "description: the bench's chain\nsteps: [grayscale, {blur: 3}]\noutputs: [{name: \"{stem}.jpg\"}]\n"


def timed(command, **options):
    """Wall seconds of a process, and what it printed."""
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **options)
    seconds = time.monotonic() - started
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")
    return seconds, done.stdout


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


class Bench:
    def __init__(self, folder, rounds):
        self.folder = folder
        self.rounds = rounds
        self.rows = []
        self.large = os.path.join(folder, "large.jpg")

    def prepare(self):
        timed(["vips", "replicate", LARGE_FROM, self.large, "3", "2"])

    def row(self, name, ours, peer, unit, peer_name, **more):
        """One line of the report: two lists of numbers."""
        row = {
            "name": name, "unit": unit, "peer": peer_name, "runs": len(ours),
            "ours": statistics.median(ours), "ours_min": min(ours), "ours_max": max(ours),
            "theirs": statistics.median(peer), "theirs_min": min(peer), "theirs_max": max(peer),
            **more,
        }
        row["ratio"] = row["ours"] / row["theirs"]
        row["difference"] = row["ours"] - row["theirs"]
        self.rows.append(row)
        print(f"  {name}: {row['ours']:.3f} {unit}, {peer_name} {row['theirs']:.3f}, ratio {row['ratio']:.2f}", flush=True)

    def mill(self, name, **options):
        mill = Mill(os.path.join(self.folder, name), PROGRAM)
        mill.pipeline("bench", DEFINITION)
        os.makedirs(mill.out("bench"), exist_ok=True)
        return mill.start(workers=2, **options)

    def drop(self, mill, arrivals, source, stem):
        """Seconds from the rename into the inbox to the output's rename."""
        staged = mill.path("stage", f"{stem}.jpg")
        shutil.copyfile(source, staged)
        started = time.monotonic()
        os.rename(staged, mill.inbox("bench", f"{stem}.jpg"))
        return arrivals.wait(f"{stem}.jpg", 300) - started

    def compare(self, mill, stem, bare_output):
        with open(mill.out("bench", f"{stem}.jpg"), "rb") as ours, open(bare_output, "rb") as theirs:
            if ours.read() != theirs.read():
                raise SystemExit(f"{stem}: the mill's output is not the peer's: {mill.out('bench')} against {bare_output}")

    def large_picture(self, name, title, **options):
        """107 megapixels, rename to output, against a bare process."""
        mill = self.mill(name, **options)
        arrivals = Arrivals(mill.out("bench"))
        bare_output = os.path.join(self.folder, f"{name}-bare.jpg")
        try:
            ours, peer, inside = [], [], []
            for i in range(self.rounds + 1):
                bare_seconds, printed = timed([BARE, self.large, bare_output])
                seconds = self.drop(mill, arrivals, self.large, f"l{i}")
                self.compare(mill, f"l{i}", bare_output)
                os.unlink(mill.out("bench", f"l{i}.jpg"))
                if i > 0:  # the first of each warms files and memory
                    ours.append(seconds)
                    peer.append(bare_seconds)
                    inside.append(float(printed.split()[0]) / 1000)
            self.row(title, ours, peer, "s", "bare libvips process", theirs_without_start=statistics.median(inside))
            mill.stop(60)
        finally:
            arrivals.close()
            mill.abandon()

    def bench_drop(self):
        self.large_picture("drop", "107 MP JPEG, running mill, 2 workers")

    def bench_kafka(self):
        try:
            fetch()
            broker = Broker(os.path.join(self.folder, "kafka")).start()
        except Unavailable as reason:
            self.rows.append({"name": "107 MP JPEG, Apache Kafka, inline", "skipped": str(reason)})
            return
        try:
            self.large_picture("kafka-mill", "107 MP JPEG, Apache Kafka, inline, 2 workers", brokers=broker.address,
                               payload="inline")
        finally:
            broker.stop()

    def bench_latency(self):
        """A 2-megapixel photograph: rename to output, against the chain alone in a warm process."""
        mill = self.mill("latency")
        arrivals = Arrivals(mill.out("bench"))
        bare_output = os.path.join(self.folder, "latency-bare.jpg")
        ours, peer = [], []
        try:
            self.drop(mill, arrivals, SMALL, "warm")
            for batch in range(3):
                for i in range(10):
                    ours.append(1000 * self.drop(mill, arrivals, SMALL, f"p{batch}-{i}"))
                    time.sleep(0.05)  # one picture at a time, as a person drops them
                _, printed = timed([BARE, SMALL, bare_output, "--repeat", "11"])
                peer += [float(line) for line in printed.split()][1:]
                self.compare(mill, f"p{batch}-0", bare_output)
            self.row("2 MP photograph, moved in to output", ours, peer, "ms", "the chain in a warm libvips process",
                     p50=percentile(ours, 0.5), p99=percentile(ours, 0.99))
            mill.stop(60)
        finally:
            arrivals.close()
            mill.abandon()

    def bench_once(self):
        place = Mill(os.path.join(self.folder, "once"), PROGRAM)
        place.pipeline("bench", DEFINITION)
        bare_output = os.path.join(self.folder, "once-bare.jpg")
        ours, peer = [], []
        for i in range(2 * self.rounds + 1):
            bare_seconds, _ = timed([BARE, SMALL, bare_output])
            seconds, _ = timed([PROGRAM, "once", "--pipelines", place.path("pipelines"), "bench", SMALL, "--out",
                                place.path("results")], env=place.environment(), cwd=place.folder)
            if i > 0:
                ours.append(1000 * seconds)
                peer.append(1000 * bare_seconds)
        with open(os.path.join(place.path("results"), os.path.basename(SMALL)), "rb") as a, open(bare_output, "rb") as b:
            if a.read() != b.read():
                raise SystemExit("once: the output is not the peer's")
        self.row("`once` on a 2 MP photograph", ours, peer, "ms", "bare libvips process")

    def bench_first(self):
        """The first job after a start against later ones of the same mill."""
        first, later = [], []
        for i in range(self.rounds):
            mill = self.mill(f"first{i}")
            arrivals = Arrivals(mill.out("bench"))
            try:
                first.append(1000 * self.drop(mill, arrivals, SMALL, "first"))
                later += [1000 * self.drop(mill, arrivals, SMALL, f"later{n}") for n in range(5)]
                mill.stop(60)
            finally:
                arrivals.close()
                mill.abandon()
        self.row("first job after start, 2 MP", first, later, "ms", "later jobs of the same mill")

    def report(self, target):
        facts = {
            "date": time.strftime("%Y-%m-%d %H:%M:%S %z"), "cores": os.cpu_count(), "machine": platform.machine(),
            "processor": processor(), "libvips": timed(["vips", "--version"])[1].strip(),
            "large_bytes": os.path.getsize(self.large), "rounds": self.rounds,
        }
        os.makedirs(target, exist_ok=True)
        with open(os.path.join(target, "report.json"), "w", encoding="utf-8") as file:
            json.dump({"facts": facts, "rows": self.rows}, file, indent=1)
        text = markdown(facts, self.rows)
        with open(os.path.join(target, "report.md"), "w", encoding="utf-8") as file:
            file.write(text)
        print("\n" + text)


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")


def markdown(facts, rows):
    lines = [
        f"{facts['processor']}, {facts['cores']} cores, {facts['libvips']}, {facts['date']}. Medians [smallest to largest];"
        " the mill's outputs are fsynced, the peer's are not.",
        "",
        "| | dropmill | peer | ratio | difference |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        if "skipped" in row:
            lines.append(f"| {row['name']} | skipped: {row['skipped']} | | | |")
            continue
        places = 2 if row["unit"] == "s" else 1
        more = f", p99 {row['p99']:.1f}" if "p99" in row else ""
        ours = f"{row['ours']:.{places}f} {row['unit']} [{row['ours_min']:.{places}f} to {row['ours_max']:.{places}f}{more}]"
        theirs = f"{row['theirs']:.{places}f} [{row['theirs_min']:.{places}f} to {row['theirs_max']:.{places}f}] {row['peer']}"
        lines.append(
            f"| {row['name']} | {ours} | {theirs} | {row['ratio']:.2f} | {row['difference']:+.{places}f} {row['unit']} |"
        )
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="drop,kafka,latency,once,first")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="dropmill-bench-")
    bench = Bench(folder, arguments.rounds)
    try:
        bench.prepare()
        for name in arguments.only.split(","):
            getattr(bench, f"bench_{name}")()
        bench.report(os.path.join(BUILD_FOLDER, "bench"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
