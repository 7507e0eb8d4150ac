# SPDX-License-Identifier: GPL-2.0-or-later
"""Row 6: small files dropped at once, in thousands: time a file, the master's memory, and what the page's visitors wait meanwhile."""
import os
import shutil
import threading
import time
import urllib.request

from measure import percentile, timed
from memory import resident_kib
from rig import LARGE_FROM

POLL_S = 0.1


class Visitor(threading.Thread):
    """Asks for the status and the page ten times a second, and looks at the master's memory once a second."""

    def __init__(self, mill):
        super().__init__(daemon=True)
        self.mill = mill
        self.waits = {"api/status": [], "": []}
        self.resident = []
        self.ended = threading.Event()

    def run(self):
        rounds = 0
        while not self.ended.wait(POLL_S):
            for path, waits in self.waits.items():
                started = time.monotonic()
                with urllib.request.urlopen(self.mill.url + path, timeout=60) as answer:
                    answer.read()
                waits.append(1000 * (time.monotonic() - started))
            if rounds % 10 == 0:
                self.resident.append(resident_kib(self.mill.process.pid) / 1024)
            rounds += 1

    def stop(self):
        self.ended.set()
        self.join()


def stage(folder, source, count):
    """Files of their own, for a hard link's other name would count as a change of the picture. Names differ, bytes do not."""
    os.makedirs(folder)
    with open(source, "rb") as file:
        data = file.read()
    for number in range(count):
        with open(os.path.join(folder, f"f{number:06}.jpg"), "wb") as file:
            file.write(data)
    os.sync()


def burst(rig, source, count):
    mill = rig.mill(f"mill-burst-{count}")
    with rig.dropper(mill) as dropper:
        dropper.drop(source, "warm")
        staged = mill.path("stage", "burst")
        stage(staged, source, count)
        before = resident_kib(mill.process.pid) / 1024
        visitor = Visitor(mill)
        started = time.monotonic()
        visitor.start()
        for number in range(count):
            name = f"f{number:06}.jpg"
            os.rename(os.path.join(staged, name), mill.inbox("bench", name))
        dropped = time.monotonic() - started
        while mill.status()["jobs"]["done"] < count + 1:
            time.sleep(0.2)
        seconds = time.monotonic() - started
        visitor.stop()
        made = sum(name.endswith(".jpg") for name in os.listdir(mill.out("bench")))
        status = mill.status()
        if made != count + 1 or status["jobs"]["failed"]:
            raise SystemExit(f"burst of {count}: {made} outputs, {status['jobs']}")
        after = resident_kib(mill.process.pid) / 1024
    shutil.rmtree(mill.folder)
    waits = {path or "page": {"p50": percentile(times, 0.5), "p99": percentile(times, 0.99), "max": max(times)}
             for path, times in visitor.waits.items()}
    return {"count": count, "seconds": seconds, "dropping_s": dropped, "ms_per_file": 1000 * seconds / count,
            "rss_before": before, "rss_peak": max(visitor.resident), "rss_after": after, "waits_ms": waits,
            "counts": status.get("counts")}


def run(rig):
    source = rig.path("tiny.jpg")
    timed(["vips", "thumbnail", LARGE_FROM, source, "96"])
    counts = [100, 1000] if rig.quick else [1000, 10000, 100000]
    base = None
    for count in counts:
        found = burst(rig, source, count)
        base = base or found
        page, api = found["waits_ms"]["page"], found["waits_ms"]["api/status"]
        note = (f"master's RSS {found['rss_before']:.0f} MB before, {found['rss_peak']:.0f} peak, {found['rss_after']:.0f} after; "
                f"/api/status p50 {api['p50']:.1f} ms, p99 {api['p99']:.1f}; page p50 {page['p50']:.1f} ms, p99 {page['p99']:.1f}; "
                f"dropped within {found['dropping_s']:.1f} s; {found['counts']}")
        values = {"dropmill": [found["ms_per_file"]]}
        if base is not found:
            values[f"dropmill, {base['count']} files"] = [base["ms_per_file"]]
        rig.row(6, f"{count:,} small files moved in at once, a file", "ms", values, target=1.10 if base is not found else None,
                note=note, detail=found)
