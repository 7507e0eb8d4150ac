# SPDX-License-Identifier: GPL-2.0-or-later
"""A mill in a folder of its own: started, fed, watched, killed, stopped as a user would."""
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid

import processes
from waiting import PATIENCE, Late, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOP = os.path.join(ROOT, os.environ.get("BUILD_TOP", "build"))  # what variants share: hooks/, tests/, kafka/
BUILD = os.environ.get("DROPMILL_BUILD", TOP)
BINARY = os.environ.get("DROPMILL_BIN", os.path.join(BUILD, "dropmill"))
READY = re.compile(r"\bready\b")
URL = re.compile(r"http://[0-9.]+:\d+/")


class Mill:
    """folder gets pipelines/, watch/, out/, state/, tmp/. Options of start() are those of the command line."""

    def __init__(self, folder, binary=BINARY):
        self.folder = str(folder)
        self.binary = binary
        self.mark = uuid.uuid4().hex
        self.user = None  # set by run_as()
        self.process = None
        self.url = None
        self.lines = []
        self.reader = None
        self.status_code = None
        self.before = processes.shared_memory()
        for name in ("pipelines", "watch", "out", "state", "tmp", "stage", "san"):
            os.makedirs(self.path(name), exist_ok=True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def pipeline(self, name, text):
        with open(self.path("pipelines", f"{name}.yaml"), "w", encoding="utf-8") as file:
            file.write(text)

    def environment(self, extra=None):
        env = {key: value for key, value in os.environ.items() if not key.startswith("DROPMILL_")}
        env.update({processes.MARK: self.mark, "TMPDIR": self.path("tmp")}, **(extra or {}))
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in env:
                env[name] += f":log_path={self.path('san')}/report"
        return env

    def run_as(self, user):
        """Runs as this user (a number), without privileges; the test is root's. The folder of the clone may be closed to others, as /root is, so
        the programs are copied."""
        place = self.path("bin")
        os.makedirs(place)
        for ending in ("", "-image"):
            shutil.copy2(self.binary + ending, os.path.join(place, os.path.basename(self.binary) + ending))
        self.binary = os.path.join(place, os.path.basename(self.binary))
        self.user = user

    def identity(self):
        """The arguments of Popen for the user."""
        return {} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}

    def arguments(self, command, options):
        places = {"pipelines": "pipelines", "watch": "watch", "out": "out", "state": "state"}
        if command in ("run", "master"):
            options = {**{key: self.path(value) for key, value in places.items()}, "http": "127.0.0.1:0", **options}
        words = [self.binary, command]
        for key, value in options.items():
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    words += [f"--{key.replace('_', '-')}", str(one)]
        return words

    def launch(self, command="run", env=None, **options):
        """Starts without waiting; its lines on standard error are collected."""
        words = self.arguments(command, options)
        with open(self.path("stdout.txt"), "ab") as output:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, env=self.environment(env),
                cwd=self.folder, start_new_session=True, **self.identity(),
            )
        self.status_code, self.url, self.lines = None, None, []
        self.reader = threading.Thread(target=self._read, args=(self.process.stderr, self.lines), daemon=True)
        self.reader.start()
        return self

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line.decode(errors="replace").rstrip("\n"))

    def start(self, command="run", seconds=30, **options):
        """Starts and waits for the line that says ready; the page's address is taken from it."""
        self.launch(command, **options)
        self.wait_ready(seconds)
        return self

    def wait_ready(self, seconds=30):
        def ready_line():
            if self.process.poll() is not None:
                self.reader.join(5)
                raise AssertionError(f"the mill ended with status {self.process.returncode}:\n{self.log()}")
            return next((line for line in self.lines if READY.search(line) and URL.search(line)), None)

        line = wait_until(ready_line, lambda: f"the ready line; so far:\n{self.log()}", seconds)
        self.url = URL.search(line).group(0)

    def log(self):
        return "\n".join(self.lines)

    # -- feeding

    def inbox(self, pipeline, *parts):
        return self.path("watch", pipeline, *parts)

    def out(self, *parts):
        return self.path("out", *parts)

    def drop(self, source, pipeline, name=None, how="move", pause=0.05, pieces=8):
        """Puts a copy of source into the inbox: move (rename), copy, link (hard link), slow (in pieces with pauses)."""
        name = name or os.path.basename(source)
        target = self.inbox(pipeline, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if how == "copy":
            shutil.copyfile(source, target)
        elif how == "slow":
            with open(source, "rb") as file:
                data = file.read()
            size = max(1, (len(data) + pieces - 1) // pieces)
            with open(target, "wb", buffering=0) as file:
                for start in range(0, len(data), size):
                    file.write(data[start : start + size])
                    time.sleep(pause)
        else:
            staged = self.path("stage", uuid.uuid4().hex)
            shutil.copyfile(source, staged)
            if how == "link":
                os.link(staged, target)
                os.unlink(staged)
            else:
                assert how == "move", how
                os.rename(staged, target)
        return target

    # -- watching

    def get(self, path, method="GET", headers=None):
        """(status, headers, body) of a request to the page."""
        request = urllib.request.Request(self.url + path.lstrip("/"), method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10 * PATIENCE) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def json(self, path):
        status, _, body = self.get(path)
        assert status == 200, f"{path}: {status} {body[:300]!r}"
        return json.loads(body)

    def status(self):
        return self.json("/api/status")

    def workers(self):
        return self.json("/api/workers")["workers"]

    def jobs(self, query=""):
        """Every job that /api/jobs lists, over all its pages."""
        first = self.json(f"/api/jobs?page=1{query}")
        jobs = first["jobs"]
        for page in range(2, first["pages"] + 1):
            jobs += self.json(f"/api/jobs?page={page}{query}")["jobs"]
        return jobs

    def reason(self, pipeline, name):
        """The reason file of a failed original, or None."""
        try:
            with open(self.inbox(pipeline, "_failed", f"{name}.reason.txt"), encoding="utf-8") as file:
                return file.read()
        except OSError:
            return None

    def wait_output(self, *parts, seconds=60):
        """The path of an output, as soon as it is there: outputs appear whole, by rename."""
        path = self.out(*parts)

        def there():
            if os.path.exists(path):
                return True
            assert self.process.poll() is None, f"the mill ended with {self.process.returncode}:\n{self.log()}"
            self.refuse_failure_of(parts[-1])
            return False

        wait_until(there, lambda: f"{path}; the log:\n{self.log()}", seconds)
        return path

    def refuse_failure_of(self, output):
        """Fails at once, with the reason, when the original of this output (same stem) lies in _failed/."""
        stem = os.path.basename(output).split(".")[0]
        for reason in glob.glob(self.path("watch", "*", "_failed", "**", "*.reason.txt"), recursive=True):
            if os.path.basename(reason).split(".")[0] in (stem, stem.split("-")[0]):
                with open(reason, encoding="utf-8") as file:
                    raise AssertionError(f"{output} will not come: {reason}: {file.read()}")

    def wait_failed(self, pipeline, name, seconds=60):
        """The reason text, once the original lies in _failed/ beside it."""
        failed = self.inbox(pipeline, "_failed", name)
        reason = wait_until(lambda: self.reason(pipeline, name), lambda: f"a reason for {name}; {self.log()}", seconds)
        wait_until(lambda: os.path.exists(failed), failed, 5)
        return reason

    def hear_workers(self):
        """All workers, each from a heartbeat that came after this call: what one counts comes with its next."""
        began = time.monotonic()
        wait_until(lambda: all(worker["last_heartbeat_s"] < time.monotonic() - began - 0.3 for worker in self.workers()), "a heartbeat of each")
        return self.workers()

    def wait_idle(self, done=None, failed=None, seconds=60):
        """status() once nothing is queued or running (and so many are done and failed)."""

        def idle():
            jobs = self.status()["jobs"]
            quiet = jobs["queued"] == 0 and jobs["running"] == 0
            right = (done is None or jobs["done"] == done) and (failed is None or jobs["failed"] == failed)
            return quiet and right

        wait_until(idle, lambda: f"idle, done {done}, failed {failed}; {self.status()}\n{self.log()}", seconds, 0.03)
        return self.status()

    # -- ending

    def pids(self, role=None):
        return [pid for pid in processes.marked(self.mark) if role is None or processes.role(pid) == role]

    def kill(self, pid, number=signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    @contextlib.contextmanager
    def stopped(self, pid):
        """It does nothing, and is not dead."""
        self.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            self.kill(pid, signal.SIGCONT)

    def kill_master(self):
        """kill -9 of the master; its children follow it."""
        self.process.kill()
        self.process.wait()
        wait_until(lambda: not self.pids(), lambda: f"no process left: {self.describe()}", 10)
        self.reader.join(10)

    def describe(self):
        return [processes.arguments(pid) for pid in self.pids()]

    def temporary_files(self):
        return [
            os.path.join(where, name)
            for where, _, files in os.walk(self.path("out"))
            for name in files
            if name.startswith(".dropmill")
        ]

    def stop(self, seconds=30, expect=0):
        """SIGTERM; the exit status is right, and nothing stays behind."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Late(f"not ended {seconds * PATIENCE} s after SIGTERM:\n{self.log()}\n{self.describe()}") from None
        self.reader.join(10)
        assert self.process.returncode == expect, f"exit status {self.process.returncode}:\n{self.log()}"
        self.check_clean()

    def check_clean(self):
        wait_until(lambda: not self.pids(), lambda: f"no process left: {self.describe()}", 5)
        assert not self.temporary_files()
        left = [os.path.join(where, name) for where, folders, files in os.walk(self.path("tmp")) for name in folders + files]
        assert not left, f"left in TMPDIR: {left}"
        assert not processes.shared_memory() - self.before
        self.check_reports()

    def check_reports(self):
        for report in glob.glob(self.path("san", "report.*")):
            with open(report, encoding="utf-8", errors="replace") as file:
                raise AssertionError(f"sanitizer report:\n{file.read()}")

    def abandon(self):
        """After a failed test: everything of this mill ends, whatever state it is in."""
        processes.kill_all(self.mark)
        if self.process:
            self.process.wait()

    def running(self):
        return self.process is not None and self.process.poll() is None
