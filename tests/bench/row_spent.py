# SPDX-License-Identifier: GPL-2.0-or-later
"""Row 8: where the time of row 1 goes: the mill's own counters, beside what the kernel says of each process."""
import os
import statistics

import processes
from measure import timed
from rig import BARE

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
ENDINGS = ["jpg", "png", "tif"]


def cpu_ms(mill):
    """{role: milliseconds of processor time so far}; a codec's are known from its own counters, for it ends with its job."""
    sums = {}
    for pid in mill.pids():
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        role = {"run": "master"}.get(processes.role(pid), processes.role(pid))
        sums[role] = sums.get(role, 0) + (int(fields[11]) + int(fields[12])) * TICK_MS
    return sums


def one(rig, dropper, source, stem, peer_output):
    before = cpu_ms(dropper.mill)
    dropper.drop_and_check(source, stem, peer_output)
    dropper.mill.wait_idle()
    after = cpu_ms(dropper.mill)
    newest = max(dropper.mill.jobs(), key=lambda job: job["finished_at"] or "")
    spent = dropper.mill.json(f"/api/jobs/{newest['id']}")["spent"]
    spent["kernel"] = {f"{role}_cpu_us": 1000 * (after[role] - before.get(role, 0)) for role in ("master", "worker")}
    return spent


def median_of(runs):
    return {whose: {name: statistics.median(run[whose][name] for run in runs) for name in runs[0][whose]} for whose in runs[0]}


def run(rig):
    with rig.dropper(rig.mill("mill-spent")) as dropper:
        for ending in ENDINGS[:1] if rig.quick else ENDINGS:
            source, peer_output = rig.large(ending), rig.path("peer-spent.jpg")
            timed([BARE, source, peer_output])
            runs = [one(rig, dropper, source, f"{ending}{i}", peer_output) for i in range(min(rig.rounds, 5) + 1)][1:]
            rig.rows.append({"row": 8, "name": f"where the time goes, {ending}", "spent": median_of(runs), "runs": len(runs)})
            print(f"  where the time goes, {ending}: {median_of(runs)}", flush=True)
