#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures the mill beside who else does the same, in turn, in one run; medians with their spread, and ratios.

    make bench [ARGS="--only pictures,latency --rounds 9 --quick"] [BEFORE=FOLDER]

Rows: pictures, folder, demo, latency, gigapixel, burst, scaling, spent, page, packed, before: this build against the one in BEFORE, a build
folder of an older commit; and peers: 120 photographs against sharp, pyvips[binary] and vipsthumbnail (CHAINS=resize,thumbnail,webp,avif,grey). Writes BUILD/bench/report.md and report.json. Every output is
compared with the peer's where the peer is libvips: a fast wrong answer stops the bench.
"""
import argparse
import os
import shutil
import signal
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "e2e")]
import report  # noqa: E402
import row_before  # noqa: E402
import row_burst  # noqa: E402
import row_demo  # noqa: E402
import row_folder  # noqa: E402
import row_gigapixel  # noqa: E402
import row_latency  # noqa: E402
import row_packed  # noqa: E402
import row_page  # noqa: E402
import row_peers  # noqa: E402
import row_pictures  # noqa: E402
import row_scaling  # noqa: E402
import row_spent  # noqa: E402
from measure import Skip  # noqa: E402
from rig import BUILD_FOLDER, Rig  # noqa: E402

ROWS = {"pictures": row_pictures, "folder": row_folder, "demo": row_demo, "latency": row_latency, "gigapixel": row_gigapixel,
        "burst": row_burst, "scaling": row_scaling, "spent": row_spent,
        "page": row_page, "packed": row_packed, "before": row_before, "peers": row_peers}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="counted rounds of each row; long ones take fewer")
    parser.add_argument("--only", default=",".join(ROWS), help="rows, with commas")
    parser.add_argument("--quick", action="store_true", help="everything smaller, to try the bench itself")
    parser.add_argument("--folder", default=None, help="where files go while it runs; on disk (default: TMPDIR)")
    arguments = parser.parse_args()
    wanted = arguments.only.split(",")
    unknown = [name for name in wanted if name not in ROWS]
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("ended by SIGTERM"))  # what runs is ended on the way out
    about = report.facts(arguments.rounds, arguments.quick)
    folder = tempfile.mkdtemp(prefix="dropmill-bench-", dir=arguments.folder)
    rig = Rig(folder, arguments.rounds, arguments.quick)
    target = os.path.join(BUILD_FOLDER, "bench")
    report.remove(target)
    try:
        for name in wanted:
            print(f"== {name} (load {os.getloadavg()[0]:.1f})", flush=True)
            rig.load = os.getloadavg()[0]
            try:
                ROWS[name].run(rig)
            except Skip as why:
                rig.skip(list(ROWS).index(name) + 1, name, why)
            report.write(target, about, rig.rows)
        with open(os.path.join(target, "report.md"), encoding="utf-8") as file:
            print("\n" + file.read())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
