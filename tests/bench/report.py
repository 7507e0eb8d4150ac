# SPDX-License-Identifier: GPL-2.0-or-later
"""The report: facts of machine and programs, and the rows, as JSON and as Markdown."""
import json
import os
import platform
import time

import peers
from measure import timed

PEER_PACKAGES = ["libvips42", "python3-opencv", "graphicsmagick", "parallel", "inotify-tools", "python3-confluent-kafka", "librdkafka1"]


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")


def facts(rounds, quick):
    return {
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"), "processor": processor(), "cores": len(os.sched_getaffinity(0)),
        "machine": platform.machine(), "kernel": platform.release(), "rounds": rounds, "quick": quick,
        "load_before": os.getloadavg()[0], "libvips": timed(["vips", "--version"])[1].strip(),
        "packages": {name: peers.version(name) for name in PEER_PACKAGES},
    }


def number(value, unit):
    if unit in ("s", "ms"):
        return f"{value:.3f}" if unit == "s" and value < 1 else f"{value:.2f}" if unit == "s" else f"{value:.1f}"
    return f"{value:,.0f}"


def cell(contestant, unit):
    text = f"{number(contestant['median'], unit)} {unit}"
    if contestant["runs"] > 1:
        text += f" [{number(contestant['min'], unit)} to {number(contestant['max'], unit)}]"
    if "p99" in contestant:
        text += f", p99 {number(contestant['p99'], unit)}"
    return text


def target_text(row):
    if row.get("target"):
        return f"≤ {row['target']:.2f} ×"
    if row.get("target_difference"):
        return "; p99 ".join(f"≤ + {value} {row['unit']}" for value in row["target_difference"])
    return ""


def measured_lines(row):
    ours, *others = row["contestants"]
    start = f"| {row['row']} | {row['name']} | {cell(ours, row['unit'])} "
    if not others:
        return [start + "| | | |"]
    lines = []
    for index, peer in enumerate(others):
        places = 2 if row["unit"] == "s" else 1
        lines.append((start if index == 0 else "| | | ") +
                     f"| {cell(peer, row['unit'])} {peer['name']} | {peer['ratio']:.2f}, {peer['difference']:+.{places}f} {row['unit']} "
                     f"| {target_text(row) if index == 0 else ''} |")
    return lines


def spent_lines(row):
    lines = [f"**{row['name']}** (milliseconds, medians of {row['runs']} runs; workers' are sums over both)", ""]
    for whose, values in row["spent"].items():
        times = ", ".join(f"{name[:-3].replace('_', ' ')} {value / 1000:.0f}" for name, value in values.items() if name.endswith("_us"))
        counts = ", ".join(f"{value:,.0f} {name.replace('_', ' ')}" for name, value in values.items() if not name.endswith("_us"))
        lines.append(f"- {whose}: {times}{'; ' if counts else ''}{counts}")
    return lines + [""]


def markdown(about, rows):
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items() if version)
    lines = [
        f"{about['processor']}, {about['cores']} cores, Linux {about['kernel']}, {about['libvips']}, {about['date']}; {packages}.",
        "Medians [smallest to largest] of runs in turn. Every output was compared with libvips' own, byte for byte; the mill's are "
        "fsynced, the peers' are not." + (" QUICK: smaller than the real thing." if about["quick"] else ""),
        "", "| row | | dropmill | peer | ratio, difference | wanted |", "| --- | --- | --- | --- | --- | --- |",
    ]
    notes = []
    for row in rows:
        if "skipped" in row:
            lines.append(f"| {row['row']} | {row['name']} | skipped: {row['skipped']} | | | |")
        elif "contestants" in row:
            lines += measured_lines(row)
        if "note" in row:
            notes.append(f"- {row['name']}: {row['note']}")
        if row.get("load_before", 0) > 1:
            notes.append(f"- {row['name']}: the machine was busy when it began, load {row['load_before']:.1f}")
    lines += ["", *notes, ""]
    for row in rows:
        if "spent" in row:
            lines += spent_lines(row)
    return "\n".join(lines) + "\n"


def remove(target):
    """An older report would be taken for that of a run that was cut short."""
    for name in ("report.json", "report.md"):
        if os.path.exists(os.path.join(target, name)):
            os.unlink(os.path.join(target, name))


def write(target, about, rows):
    """After each row, so that a run that is cut short leaves what it has."""
    os.makedirs(target, exist_ok=True)
    with open(os.path.join(target, "report.json"), "w", encoding="utf-8") as file:
        json.dump({"facts": about, "rows": rows}, file, indent=1)
    text = markdown(about, rows)
    with open(os.path.join(target, "report.md"), "w", encoding="utf-8") as file:
        file.write(text)
