# SPDX-License-Identifier: GPL-2.0-or-later
"""No file name, definition, library or server gives orders to the terminal of who runs a command."""
import http.server
import json
import os
import pty
import re
import shutil
import subprocess
import threading

import pytest

from conftest import MONO

# ESC and BEL; C1 in UTF-8; a direction that turns. As a file's name, and as the text of an answer.
EVIL = "\x1b]0;evil\x07\u009b31m\u202e"
# What the commands themselves send: progress and its end.
OURS = re.compile("\x1b\\[K")


@pytest.fixture
def place(make_mill, pictures):
    """A mill's folder, nothing started, with names that a stranger chose."""
    mill = make_mill({"mono": MONO, f"x{EVIL}": f"# {EVIL.replace(chr(27), '')}\nsteps: [blurr, {{blur: \"\\e[31m\\x9b\"}}]\n"})
    shutil.copyfile(pictures.picture(width=64, height=48, ending=".jpg"), mill.path("stage", f"a{EVIL}.jpg"))
    with open(mill.path("stage", f"b{EVIL}.jpg"), "wb") as file:
        file.write(b"\x1b[31mno picture")
    return mill


class Answers(http.server.BaseHTTPRequestHandler):
    """A server that is no mill: every text of its answers is hostile, with a line that looks like another one."""
    text = f"x{EVIL}\nforged"

    def do_GET(self):
        one = {name: self.text for name in ("id", "source", "pipeline", "state", "lane", "error", "waiting_for", "path", "why",
                                            "current", "kind", "note", "reason", "version")}
        one["breaker"] = {"state": "open", "reason": self.text}
        answer = {**one, "broker": one, "workers": [one] if self.path == "/api/workers" else one, "waiting": 1, "jobs": one}
        if self.path.startswith("/api/jobs"):
            answer["jobs"] = [one]
        if self.path == "/api/waiting":
            answer["waiting"] = [one]
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def server():
    made = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


def on_terminal(place, *words):
    """All that a terminal would get."""
    terminal, end = pty.openpty()
    with subprocess.Popen([place.binary, *words], stdin=subprocess.DEVNULL, stdout=end, stderr=end, cwd=place.folder,
                          env=dict(place.environment(), TERM="xterm")) as process:
        os.close(end)
        seen = b""
        try:
            while piece := os.read(terminal, 4096):
                seen += piece
        except OSError:  # the last writer is gone
            pass
        os.close(terminal)
        process.wait(60)
    return seen.decode(errors="surrogateescape")


def harmless(seen):
    kept = OURS.sub("", seen).replace("\r", "").replace("\n", "")
    assert kept.isprintable() or not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\udc80-\udcff]", kept), repr(seen)
    return seen


@pytest.mark.parametrize("words", [
    ("check",), ("check", "--json"), ("check", f"none{EVIL}.yaml"),
    ("once", "mono", f"stage/a{EVIL}.jpg", f"stage/b{EVIL}.jpg", "--out", "results"),
    ("once", f"x{EVIL}", f"stage/a{EVIL}.jpg", "--out", "results"),
    ("once", f"none{EVIL}", f"stage/a{EVIL}.jpg"),
    ("explain", "mono", f"stage/a{EVIL}.jpg", f"stage/b{EVIL}.jpg"), ("explain", "--json", "mono", f"stage/a{EVIL}.jpg"),
    ("explain", f"x{EVIL}", f"stage/a{EVIL}.jpg"),
    ("ops", f"blurr{EVIL}"), ("ops", f"--{EVIL}"), (f"command{EVIL}",),
    ("topics", "describe", "--brokers", "127.0.0.1:1", "-X", f"x{EVIL}=1"), ("topics", f"x{EVIL}"),
    ("status", f"x{EVIL}"), ("status", "--http", f"x{EVIL}"), ("run", f"x{EVIL}"), ("worker", f"--x{EVIL}"),
], ids=lambda words: " ".join(words).replace(EVIL, ""))
def test_no_command_passes_on_orders(place, words):
    assert harmless(on_terminal(place, *words))


def test_no_server_gives_orders(place, server):
    seen = harmless(on_terminal(place, "status", "--http", server))
    assert "\nforged" not in seen.replace("\r", "") and seen.count("\\x1b]0;evil\\x07\\xc2\\x9b31m\\xe2\\x80\\xae\\x0aforged") > 10
    harmless(on_terminal(place, "status", "--json", "--http", server))


def test_a_program_gets_the_name_as_it_is(place):
    done = subprocess.run([place.binary, "once", "mono", f"stage/a{EVIL}.jpg", "--out", "results"], cwd=place.folder, check=True,
                          capture_output=True, text=True, env=place.environment(), stdin=subprocess.DEVNULL)
    assert done.stdout.endswith(f"results/a{EVIL}.png\n")
