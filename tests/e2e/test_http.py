# SPDX-License-Identifier: GPL-2.0-or-later
"""The page and its API: names that users script against, methods, headers, what must not be served."""
import http.client
import http.server
import json
import os
import socket
import subprocess
import threading
import urllib.parse

import pytest

from pictures import truncated
from waiting import wait_until

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
ROUTES = ["/", "/api/status", "/api/jobs", "/api/workers", "/api/pipelines", "/healthz", "/readyz"]


@pytest.fixture
def busy(mill, pictures):
    """A mill with one job done and one failed."""
    photo = pictures.picture(width=640, height=480, ending=".png")
    mill.drop(photo, "mono", "good.png")
    mill.drop(truncated(photo, mill.path("stage", "bad.png")), "mono", "bad.png")
    mill.wait_idle(done=1, failed=1)
    return mill


def raw(mill, method, path, host=None):
    """A request as it is, nothing normalised: (status, headers, body)."""
    place = urllib.parse.urlsplit(mill.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        if host != "":
            connection.putheader("Host", host or place.netloc)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ROUTES)
def test_every_answer_has_the_security_headers(mill, path):
    for method in ("GET", "HEAD", "POST"):
        status, headers, body = raw(mill, method, path)
        assert status == (405 if method == "POST" else 200), (method, path, status)
        for name, value in HEADERS.items():
            assert headers[name] == value, (method, path, dict(headers))
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        if method == "HEAD":
            assert body == b"" and int(headers["Content-Length"]) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "MKCOL"])
def test_read_only(mill, method):
    status, headers, _ = raw(mill, method, "/api/status")
    assert status == 405
    assert {word.strip() for word in headers["Allow"].split(",")} == {"GET", "HEAD"}


def test_status_fields(busy):
    status = busy.status()
    assert status["version"]
    assert status["uptime_s"] >= 0
    assert status["broker"]["kind"] == "embedded" and status["broker"]["state"] == "up"
    assert status["workers"] == {"live": 2, "late": 0, "gone": 0}
    assert status["jobs"] == {"queued": 0, "running": 0, "done": 1, "failed": 1}
    assert {"queued", "running", "done", "retried", "duplicate"} <= set(status["tiles"])
    assert status["tiles"]["queued"] == status["tiles"]["running"] == 0
    assert status["oldest_queued_s"] in (0, None)


def test_jobs_fields(busy):
    answer = busy.json("/api/jobs")
    assert (answer["total"], answer["page"], answer["pages"]) == (2, 1, 1)
    jobs = {job["source"]: job for job in answer["jobs"]}
    good, bad = jobs["good.png"], jobs["bad.png"]
    assert good["state"] == "done" and bad["state"] == "failed"
    assert good["pipeline"] == "mono" and good["lane"] in ("whole", "tiled")
    assert (good["width"], good["height"]) == (640, 480)
    assert good["tiles"]["done"] == good["tiles"]["total"]
    assert not good["error"] and bad["error"]
    assert good["queued_at"] <= good["started_at"] <= good["finished_at"]
    assert good["queued_at"].endswith("Z") and bad["finished_at"].endswith("Z")
    output = good["outputs"][0]
    path = busy.out("mono", "good.png")
    assert output["bytes"] == os.path.getsize(path)
    assert (output["width"], output["height"]) == (640, 480)
    assert output["path"].endswith("mono/good.png")
    assert not bad["outputs"]
    assert busy.json(f"/api/jobs/{good['id']}")["id"] == good["id"]


def test_job_filters(busy):
    assert [job["source"] for job in busy.jobs("&state=failed")] == ["bad.png"]
    assert [job["source"] for job in busy.jobs("&q=good")] == ["good.png"]
    assert len(busy.jobs("&pipeline=mono")) == 2
    assert busy.jobs("&pipeline=other") == []
    assert busy.json("/api/jobs?page=99")["jobs"] == []


def test_workers_fields(busy):
    workers = busy.workers()
    assert len(workers) == 2
    for worker in workers:
        assert worker["state"] == "live"
        assert 0 <= worker["last_heartbeat_s"] < 10
        assert worker["plane"] in ("shm", "inline")
        assert worker["pid"] in busy.pids("worker")
        assert worker["host"] and worker["id"]
        assert {"partitions", "lag", "tiles_done", "tiles_per_s", "current"} <= set(worker)
    assert sum(worker["tiles_done"] for worker in workers) >= 1
    # With the embedded broker every worker has partitions of its own.
    held = [part for worker in workers for part in str(worker["partitions"]).strip("[]").split(",")]
    assert len(held) == len(set(held)) >= 2


def test_outputs_are_downloads(busy):
    job = busy.jobs("&state=done")[0]
    status, headers, body = busy.get(f"/jobs/{job['id']}/output/0")
    with open(busy.out("mono", "good.png"), "rb") as file:
        assert (status, body) == (200, file.read())
    assert headers["Content-Type"] == "image/png"
    assert "good.png" in headers["Content-Disposition"]
    failed = busy.jobs("&state=failed")[0]
    for path in (f"/jobs/{job['id']}/output/1", f"/jobs/{failed['id']}/output/0", f"/jobs/{job['id']}/output/-1",
                 f"/jobs/{job['id']}/output/x", "/jobs/none/output/0", "/jobs/", "/api/jobs/none", "/nothing"):
        assert raw(busy, "GET", path)[0] == 404, path


@pytest.mark.parametrize("path", [
    "/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/jobs/../../etc/passwd", "/api/../style.css/..",
    "/jobs/%00/output/0", "/%zz", "/" + "a" * 8000, "/" + "a/" * 4000, "/api/jobs?q=" + "%ff" * 2000,
])
def test_hostile_paths(busy, path):
    status, _, body = raw(busy, "GET", path)
    assert status in (200, 400, 404, 414, 431) and b"root:" not in body
    assert path.startswith("/api/jobs?") or status != 200, path
    assert busy.get("/healthz")[0] == 200


def test_a_foreign_host_is_refused(mill):
    assert raw(mill, "GET", "/api/status", host="evil.example")[0] in (400, 403, 421)
    port = urllib.parse.urlsplit(mill.url).port
    assert raw(mill, "GET", "/api/status", host=f"localhost:{port}")[0] == 200


def test_markup_in_names_stays_text(mill, pictures):
    photo = pictures.picture(width=64, height=48, ending=".png")
    name = "<img src=x onerror=alert(1)>.png"
    mill.drop(photo, "mono", name)
    mill.wait_idle(done=1, failed=0)
    job = mill.jobs()[0]
    assert job["source"] == name
    headers = mill.get(f"/jobs/{job['id']}/output/0")[1]
    assert "\n" not in headers["Content-Disposition"]
    assert b"onerror" not in mill.get("/")[2]


def test_the_page_loads_nothing_from_elsewhere(mill):
    status, headers, body = mill.get("/")
    assert status == 200 and headers["Content-Type"].startswith("text/html")
    assert b"//" not in body.replace(b"<!--//", b"").replace(b"http://www.w3.org/", b"") or b"src=\"http" not in body
    assert b"<script>" not in body and b"<style>" not in body and b" style=" not in body
    etag = headers["ETag"]
    assert mill.get("/", headers={"If-None-Match": etag})[0] == 304


def test_status_command_agrees_with_the_api(busy):
    address = urllib.parse.urlsplit(busy.url).netloc
    done = subprocess.run([busy.binary, "status", "--json", "--http", address], capture_output=True, text=True, check=False,
                          timeout=60, env=busy.environment())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["jobs"] == busy.status()["jobs"]
    gone = subprocess.run([busy.binary, "status", "--http", "127.0.0.1:1"], capture_output=True, text=True, check=False,
                          timeout=60, env=busy.environment())
    assert gone.returncode == 1 and "127.0.0.1:1" in gone.stderr


def test_health_checks_are_an_exit_status(make_mill):
    """For a container's HEALTHCHECK and for scripts: a word, or the reason on standard error."""
    mill = make_mill().start(workers=1)
    address = mill.url.split("/")[2]

    def asked(*words):
        done = subprocess.run([mill.binary, "status", *words, "--http", address], capture_output=True, text=True, check=False, timeout=30)
        return done.returncode, done.stdout, done.stderr

    assert asked("--health") == (0, "ok\n", "")
    assert asked("--ready") == (0, "ready\n", "")
    mill.stop()
    for word in ("--health", "--ready"):
        status, said, why = asked(word)
        assert (status, said) == (1, "") and "no mill answers" in why


def test_what_is_not_a_mill_is_not_healthy(make_mill):
    """Any web server answers 200 to something."""
    mill = make_mill()
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        done = subprocess.run([mill.binary, "status", "--health", "--http", f"127.0.0.1:{server.server_port}"], capture_output=True, text=True,
                              check=False, timeout=30)
        thread.join(10)
    assert done.returncode == 1 and "404, not as a mill does" in done.stderr


def test_a_mill_that_is_not_ready_says_why(make_mill):
    """The loop turns, and the broker is not there."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    mill = make_mill().launch("master", brokers="127.0.0.1:1", http=address)

    def asked(word):
        done = subprocess.run([mill.binary, "status", word, "--http", address], capture_output=True, text=True, check=False, timeout=30)
        return done.returncode, done.stderr

    wait_until(lambda: asked("--health") == (0, ""), lambda: f"a healthy mill; its log:\n{mill.log()}", 30)
    status, why = asked("--ready")
    assert status == 1 and "answered 503: " in why, why
