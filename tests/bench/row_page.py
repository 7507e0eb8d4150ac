# SPDX-License-Identifier: GPL-2.0-or-later
"""Row 9: milling while the page is looked at: 200 open event streams and 1,000 requests a second, against nobody looking, in turn."""
import os
import shutil
import socket
import subprocess
import threading
import time

from measure import Skip, in_turn
from rig import LARGE_FROM, SMALL

STREAMS = 200
REQUESTS = 1000  # a second
CONNECTIONS = 50
PICTURES = 48
# wrk by itself asks as fast as it can: each connection waits between its requests.
PACE = f"function delay() return {1000 * CONNECTIONS // REQUESTS} end\n"


class Visitors:
    """Opens the streams and reads them, and has wrk ask; both end with it."""

    def __init__(self, port, script):
        self.sockets = []
        for _ in range(STREAMS):
            stream = socket.create_connection(("127.0.0.1", port))
            stream.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
            self.sockets.append(stream)
        self.bytes = 0
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        # pylint: disable=consider-using-with
        self.wrk = subprocess.Popen(
            ["wrk", "-t1", f"-c{CONNECTIONS}", "-d600s", "-s", script, f"http://127.0.0.1:{port}/api/status"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.started = time.monotonic()

    def read(self):
        import select  # pylint: disable=import-outside-toplevel

        poll = select.poll()
        by_number = {stream.fileno(): stream for stream in self.sockets}
        for number in by_number:
            poll.register(number, select.POLLIN)
        while by_number:
            for number, _ in poll.poll(500):
                try:
                    data = by_number[number].recv(1 << 16)
                except (OSError, KeyError):
                    data = b""
                self.bytes += len(data)
                if not data:
                    poll.unregister(number)
                    by_number.pop(number, None)

    def end(self):
        """Requests a second that wrk made."""
        seconds = time.monotonic() - self.started
        self.wrk.send_signal(2)
        printed = self.wrk.communicate(timeout=30)[0]
        for stream in self.sockets:
            stream.shutdown(socket.SHUT_RDWR)
            stream.close()
        total = next((int(line.split()[0]) for line in printed.splitlines() if " requests in " in line), 0)
        return total / seconds


def run(rig):
    if not shutil.which("wrk"):
        raise Skip("wrk cannot be had")
    script = rig.path("pace.lua")
    with open(script, "w", encoding="ascii") as file:
        file.write(PACE)
    mill = rig.mill("mill-page")
    port = int(mill.url.rsplit(":", 1)[1].strip("/"))
    rates = []
    source = SMALL if rig.quick else LARGE_FROM

    def milled(number, tag):
        """Seconds for a handful of pictures, all moved in at once."""
        names = [f"{tag}{number}-{i}.jpg" for i in range(8 if rig.quick else PICTURES)]
        for name in names:
            shutil.copyfile(source, mill.path("stage", name))
        done = mill.status()["jobs"]["done"] + len(names)
        started = time.monotonic()
        for name in names:
            os.rename(mill.path("stage", name), mill.inbox("bench", name))
        while mill.status()["jobs"]["done"] < done:
            time.sleep(0.05)
        return time.monotonic() - started

    def looked_at(number):
        visitors = Visitors(port, script)
        time.sleep(1)
        try:
            return milled(number, "seen")
        finally:
            rates.append(visitors.end())

    try:
        values = in_turn(max(2, rig.rounds // 2), {"looked at": looked_at, "nobody looks": lambda number: milled(number, "alone")})
        rig.row(9, f"{PICTURES} photographs of 18 MP with {STREAMS} streams and {min(rates):.0f} to {max(rates):.0f} requests a second",
                "s", values, target=1.05)
        mill.stop(120)
    finally:
        mill.abandon()
