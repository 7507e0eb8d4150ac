# SPDX-License-Identifier: GPL-2.0-or-later
"""Long-lived peers that get a list of files: sharp, and pyvips in two processes, each with the newest libvips in its package; and
vipsthumbnail by GNU parallel. What is measured begins when they are ready, as the mill is. They are installed into BUILD/peers."""
import os
import resource
import subprocess
import sys
import time

import peers
from measure import Skip
from rig import BUILD_FOLDER

HERE = os.path.dirname(os.path.abspath(__file__))
PLACE = os.path.join(BUILD_FOLDER, "peers")
TICK = os.sysconf("SC_CLK_TCK")


def cpu_of(pids):
    """Seconds of processor time so far, those of children that ended included."""
    ticks = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                ticks += sum(int(field) for field in file.read().rsplit(")", 1)[1].split()[11:15])
        except OSError:
            pass  # it ended, and is counted with its parent
    return ticks / TICK


def install(command, what):
    # pyvips would be built for the system's libvips where pkg-config finds one.
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PLACE, stdin=subprocess.DEVNULL,
                          env={**os.environ, "PKG_CONFIG_LIBDIR": "/nonexistent", "PKG_CONFIG_PATH": ""})
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise Skip(f"{what} cannot be installed: {' '.join(last)}")


def sharp():
    """Words of its command, without the chain."""
    node = peers.need("node", "nodejs")
    modules = os.path.join(PLACE, "node_modules")
    if not os.path.isdir(os.path.join(modules, "sharp")):
        os.makedirs(PLACE, exist_ok=True)
        install([peers.need("npm", "npm"), "install", "--no-audit", "--no-fund", "--prefix", PLACE, "sharp"], "npm's sharp")
    return [node, os.path.join(HERE, "sharp_peer.js"), modules]


def pyvips():
    place = os.path.join(PLACE, "venv")
    python = os.path.join(place, "bin", "python")
    if not os.path.exists(os.path.join(place, "whole")):
        os.makedirs(PLACE, exist_ok=True)
        install([sys.executable, "-m", "venv", "--clear", place], "a Python environment (Debian package python3-venv)")
        install([python, "-m", "pip", "install", "-q", "--no-cache-dir", "pyvips"], "PyPI's pyvips")
        # Last: its libvips is the one that is used.
        install([python, "-m", "pip", "install", "-q", "--no-cache-dir", "--force-reinstall", "--no-deps", "pyvips-binary"], "PyPI's pyvips-binary")
        with open(os.path.join(place, "whole"), "w", encoding="ascii"):
            pass
    return [python, os.path.join(HERE, "pyvips_peer.py")]


class Lists:
    """Processes that read lists. environment: what their number of threads depends on."""

    def __init__(self, command, count, environment):
        self.command = command
        self.count = count
        self.environment = {**os.environ, **environment}
        self.version = None

    def start(self):
        process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self.environment)
        line = process.stdout.readline().split(None, 1)
        if not line or line[0] != "ready":
            process.kill()
            process.wait()
            raise Skip(f"{' '.join(self.command)} does not start")
        self.version = line[1].strip()
        return process

    def run(self, pairs):
        """Seconds of wall clock, and of processors."""
        running = [self.start() for _ in range(self.count)]
        cpu = -cpu_of([process.pid for process in running])
        started = time.monotonic()
        for number, process in enumerate(running):
            process.stdin.write("".join(f"{source}\t{target}\n" for source, target in pairs[number :: self.count]))
            process.stdin.close()
        for process in running:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            cpu += used.ru_utime + used.ru_stime
        if any(process.returncode for process in running):
            raise SystemExit(f"{' '.join(self.command)} failed")
        return time.monotonic() - started, cpu


def vipsthumbnail(pairs, width, options):
    """A process a file, two at a time: its start belongs to it."""
    words = [peers.need("parallel", "parallel"), "--will-cite", "--colsep", "\t", "-j2",
             f"{peers.need('vipsthumbnail', 'libvips-tools')} {{1}} --size {width}x -o {{2}}[{options}]"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    subprocess.run(words, input="".join(f"{source}\t{target}\n" for source, target in pairs), text=True, check=True,
                   env={**os.environ, "VIPS_CONCURRENCY": "1"}, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
