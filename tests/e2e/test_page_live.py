# SPDX-License-Identifier: GPL-2.0-or-later
"""The page while things happen: a picture milled tile by tile, workers that fall silent, a line that breaks, a full house, a long history."""
import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import tempfile
import urllib.parse

import pytest

from mill import Mill
from proxy import Proxy
from waiting import wait_until

SLOW = "description: long enough to be watched\nsteps:\n  - grayscale\n  - blur: {sigma: 3}\noutputs:\n  - {name: \"{stem}.jpg\", quality: 85}\n"
COUNTS = """return Object.fromEntries([...document.querySelectorAll(".map ~ .legend li")].map((item) =>
    [item.dataset.state, Number(item.lastElementChild.textContent.replace(/[^0-9]/g, ""))]))"""
BAR = "[...document.querySelectorAll('.progress .bar i')].map((part) => Number(part.style.flexGrow))"


@pytest.fixture(scope="module")
def live(pictures):
    folder = tempfile.mkdtemp(prefix="dropmill-live-")
    mill = Mill(folder)
    try:
        mill.pipeline("slow", SLOW)
        mill.start(workers=2, tile=128)
        yield mill
        mill.stop()
    finally:
        mill.abandon()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def large(pictures):
    """Thousands of tiles: some seconds of work."""
    return pictures.picture(width=7001, height=5003, ending=".jpg", seed=31)


def open_job(browser, name):
    """From its row to its own view; the id."""
    row = wait_until(lambda: browser.row(name), f"a row for {name}", 30, 0.02)
    browser.go(row["href"])
    return urllib.parse.unquote(row["href"].rsplit("/", 1)[1])


def picture_of(browser, selector):
    """What is painted on a canvas."""
    return browser.run("return document.querySelector(arguments[0]).toDataURL()", selector)


def test_an_empty_mill_says_what_to_do(browser, live):
    browser.open(live.url)
    browser.wait_text(".welcome", "Nothing milled yet")
    assert live.inbox("slow") in browser.text(".welcome") and f"cp photo.jpg {live.inbox('slow')}/" in browser.text(".welcome")
    browser.screenshot("empty")
    browser.go("#/workers")
    browser.wait("return document.querySelectorAll('table.workers tbody tr').length === 2", "both workers")


def test_watch_a_large_picture(browser, live, large):
    browser.open(live.url)
    browser.wait_text(".welcome", "Nothing milled yet")
    live.drop(large, "slow", "watched.jpg")
    ident = open_job(browser, "watched.jpg")
    browser.wait(COUNTS.replace("return", "const counts =") + "; return counts.done > 0 && counts.running > 0", "tiles at work and done", 60)
    first, painted = browser.run(COUNTS), picture_of(browser, ".map canvas")
    total = sum(first[state] for state in ("waiting", "ready", "running", "done", "failed"))
    # The bar at the moment of the counts: painting takes the browser so long that the picture may be done meanwhile.
    bar = browser.wait(f"{COUNTS.replace('return', 'const counts =')}; return counts.done > {first['done'] + 50} && {BAR}", "more tiles done", 60)
    assert picture_of(browser, ".map canvas") != painted, "the map is painted anew as tiles turn"
    assert bar == [1, 0, 0, 0] or (bar[0] > first["done"] and bar[2] == 0 and sum(bar) == total)
    browser.screenshot("watched")
    browser.go("#/jobs")
    wait_until(lambda: (browser.row("watched.jpg") or {}).get("state") == "done", lambda: f"done; {browser.row('watched.jpg')}", 90, 0.02)
    row = browser.row("watched.jpg")
    assert row["bar"] == [1, 0, 0, 0] and "slow/watched.jpg" in row["text"]
    assert browser.text("#now [data-figure=done] .number") == "1"
    browser.go(row["href"])
    browser.wait(f"{COUNTS.replace('return', 'const counts =')}; return counts.done === {total}", "every tile done", 30)
    browser.click(".results a")
    got, wanted = os.path.join(browser.downloads, "watched.jpg"), live.out("slow", "watched.jpg")
    wait_until(lambda: os.path.exists(got) and os.path.getsize(got) == os.path.getsize(wanted), "the download", 30)
    with open(got, "rb") as one, open(wanted, "rb") as other:
        assert one.read() == other.read()
    job = live.json(f"/api/jobs/{ident}")
    assert len(job["tile_list"]) == total == job["tiles"]["total"]


def test_a_worker_that_falls_silent(browser, live, large):
    browser.open(live.url)
    live.drop(large, "slow", "silent.jpg")
    ident = open_job(browser, "silent.jpg")
    browser.wait(COUNTS.replace("return", "const counts =") + "; return counts.done > 20 && counts.running > 0", "tiles at work", 60)
    victim = live.pids("worker")[0]
    name = next(worker["id"] for worker in live.workers() if worker["pid"] == victim)
    os.kill(victim, signal.SIGSTOP)
    try:
        browser.go("#/workers")
        state = "return [...document.querySelectorAll('table.workers tbody tr')].find((row) => row.querySelector('b').textContent === arguments[0])?.dataset.state === arguments[1]"
        browser.wait(state, "late", 30, (name, "late"))
        assert "late" in browser.text("#now [data-figure=workers] .sub")
        browser.screenshot("late")
        browser.wait(state, "gone", 30, (name, "gone"))
        browser.wait("return /taken from it/.test([...document.querySelectorAll('table.workers tbody tr')].find((row) => row.querySelector('b').textContent === arguments[0]).innerText)",
                     "what was taken from it", 15, (name,))
        browser.screenshot("gone")
    finally:
        live.kill(victim)
    browser.go(f"#/jobs/{ident}")
    wait_until(lambda: any(tile["attempt"] > 1 for tile in live.json(f"/api/jobs/{ident}")["tile_list"]), "tiles that were tried again", 30)
    browser.wait(COUNTS.replace("return", "const counts =") + "; return counts.again > 0", "what was tried again on the map", 30)
    browser.wait_text(".timeline", name, 30)
    browser.wait("return document.querySelector('.progress .state')?.dataset.state === 'done'", "done all the same", 90)
    wait_until(lambda: live.status()["workers"]["live"] == 2, "its successor", 30)


def test_what_is_done_now_or_why_it_stands(browser, live, pictures):
    """In the list and in the job's view: a few words, and when the workers fall silent the cause in their place."""
    cause = "Waits: no worker takes tasks: the newest one is late with its heartbeat"
    browser.open(live.url)
    with contextlib.ExitStack() as all_stopped:
        for pid in live.pids("worker"):
            all_stopped.enter_context(live.stopped(pid))
        live.drop(pictures.picture(width=90, height=60, ending=".png"), "slow", "held.png")
        ident = open_job(browser, "held.png")
        browser.wait_text(".progress-words", "computes the pixels", 3)
        browser.go("#/jobs")
        wait_until(lambda: "computes the pixels" in (browser.row("held.png") or {"text": ""})["text"], lambda: browser.row("held.png"), 3, 0.02)
        wait_until(lambda: cause in browser.row("held.png")["text"], lambda: browser.row("held.png"), 10, 0.02)
        assert "computes" not in browser.row("held.png")["text"]
        browser.screenshot("held")
        browser.go(f"#/jobs/{ident}")
        browser.wait_text(".job .reason", cause, 3)
        assert "computes" not in browser.text(".progress-words")
    live.wait_idle()
    wait_until(lambda: live.status()["workers"]["live"] == 2, "both workers", 30)


def test_a_line_that_breaks_and_is_mended(browser, live, pictures):
    proxy = Proxy(urllib.parse.urlsplit(live.url).port)
    try:
        browser.open(proxy.url)
        browser.wait_text("#fresh", "Live")
        proxy.cut()
        browser.wait_text("#stale", "Data stale since", 15)
        browser.wait_text("#stale-next", "Trying again", 15)
        assert browser.text("#fresh") == "Stale" and browser.run("return document.body.hasAttribute('data-stale')")
        browser.screenshot("stale")
        before = live.status()["jobs"]["done"]
        live.drop(pictures.picture(width=200, height=150, ending=".png"), "slow", "meanwhile.png")
        live.wait_idle(done=before + 1)
        proxy.mend()
        # It tries by itself as well, and may be back before the hand is at the button.
        wait_until(lambda: browser.click_now("#try-now") or browser.text("#fresh") == "Live", "a button to click", 30)
        browser.wait_text("#fresh", "Live", 30)
        wait_until(lambda: (browser.row("meanwhile.png") or {}).get("state") == "done", "what happened meanwhile", 15)
        assert not browser.run("return document.body.hasAttribute('data-stale')")
        refused = browser.console()
    finally:
        browser.driver.get("about:blank")  # a page whose line is gone would complain once more
        proxy.close()
    assert all("ERR_" in entry["message"] for entry in refused), refused


def test_a_master_that_stands_still(browser, live):
    browser.open(live.url)
    browser.wait_text("#fresh", "Live")
    master = live.process.pid
    os.kill(master, signal.SIGSTOP)
    try:
        browser.wait_text("#stale", "Data stale since", 40)
    finally:
        os.kill(master, signal.SIGCONT)
    browser.wait_text("#fresh", "Live", 40)
    assert not browser.seen("#stale")
    wait_until(lambda: live.status()["workers"]["live"] == 2, "both workers", 30)
    browser.console()


def test_a_hidden_tab_holds_no_stream(browser, live):
    browser.open(live.url)
    browser.wait_text("#fresh", "Live")
    wait_until(lambda: live.status()["streams"]["open"] >= 1, "its stream", 10)
    page = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    wait_until(lambda: live.status()["streams"]["open"] == 0, lambda: f"no stream: {live.status()['streams']}", 20)
    browser.driver.close()
    browser.driver.switch_to.window(page)
    browser.wait_text("#fresh", "Live", 20)


def test_many_windows_share_one_stream(browser, live):
    """A browser opens six connections to a server: with a stream for each window the seventh would never load."""
    browser.open(live.url)
    browser.wait_text("#fresh", "Live")
    first, others = browser.driver.current_window_handle, []
    try:
        for view in ("#/jobs", "#/workers", "#/pipelines", "#/jobs", "#/workers", "#/throughput", "#/jobs", "#/workers"):
            browser.driver.switch_to.new_window("window")
            others.append(browser.driver.current_window_handle)
            browser.driver.get(live.url + view)
            browser.wait_text("#fresh", "Live", 20)
            browser.wait("return document.querySelector('#now [data-figure=done] .number')?.textContent !== '–'", "numbers", 20)
        # One that was asked anew ends when it is next written to.
        wait_until(lambda: live.status()["streams"]["open"] == 1, lambda: f"one stream: {live.status()['streams']}", 20)
    finally:
        for window in others:
            browser.driver.switch_to.window(window)
            browser.driver.close()
        browser.driver.switch_to.window(first)
    browser.wait_text("#fresh", "Live", 20)


def test_thumbnails_hold_no_connection(browser, live, pictures):
    """While they are made, answers to the page's questions come at once."""
    before = live.status()["jobs"]["done"]
    photo = pictures.picture(width=3001, height=2003, ending=".jpg", seed=77)
    for n in range(12):
        live.drop(photo, "slow", f"album-{n}.jpg")
    live.wait_idle(done=before + 12)
    browser.open(live.url)
    browser.wait("return document.querySelectorAll('.thumb[data-state=there]').length >= 12", "thumbnails", 60)
    held = browser.run("""return performance.getEntriesByType("resource").filter((entry) => /thumb|api/.test(entry.name))
        .map((entry) => [entry.name, entry.requestStart - entry.startTime]).filter(([, ms]) => ms > 1500)""")
    assert held == [], held


def test_a_full_house(browser, live, pictures):
    place = urllib.parse.urlsplit(live.url)
    most = live.status()["streams"]["most"]
    guests = []
    try:
        for _ in range(most):
            guest = socket.create_connection((place.hostname, place.port), 20)
            guest.sendall(f"GET /api/events HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
            guests.append(guest)
        wait_until(lambda: live.status()["streams"]["open"] == most, lambda: f"a full house: {live.status()['streams']}", 30)
        browser.open(live.url)
        browser.wait_text("#fresh", "Polling")
        before = live.status()["jobs"]["done"]
        live.drop(pictures.picture(width=200, height=150, ending=".png"), "slow", "polled.png")
        wait_until(lambda: (browser.row("polled.png") or {}).get("state") == "done", "its row by polling", 30)
        assert browser.text("#now [data-figure=done] .number") == str(before + 1)
        assert not browser.seen("#stale")
        assert all("503" in entry["message"] for entry in browser.console())
    finally:
        for guest in guests:
            guest.close()
    wait_until(lambda: live.status()["streams"]["open"] == 0, lambda: f"an empty house: {live.status()['streams']}", 30)
    browser.run("document.querySelector('#try-now').click()")
    browser.wait_text("#fresh", "Live", 40)
    browser.console()


def seed(mill, count, failed):
    """Jobs of the last two weeks, straight into the history of a mill that does not run."""
    base = sqlite3.connect(mill.path("state", "history.db"))
    columns = [row[1] for row in base.execute("PRAGMA table_info(job)")]
    rows = []
    for n in range(count):
        bad = n < failed
        ended = 1_790_000_000_000_000 + n * 120_000_000
        row = {"id": f"seeded-{n:05d}", "pipeline": "slow", "source": f"roll {n // 36}/DSC_{n:05d}.jpg", "state": "failed" if bad else "done", "lane": "whole",
               "error": f"DSC_{n:05d}.jpg: not a picture" if bad else None, "width": 6000, "height": 4000, "tiles": 1, "attempts": 1,
               "queued": ended - 900_000, "started": ended - 800_000, "finished": ended, "seq": n + 1,
               "outputs": json.dumps([] if bad else [{"path": mill.out("slow", f"DSC_{n:05d}.jpg"), "bytes": 1234567, "width": 6000, "height": 4000}])}
        rows.append([row.get(column) for column in columns])
    base.executemany(f"INSERT INTO job ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", rows)
    base.commit()
    base.close()


def test_ten_thousand_jobs(browser, make_mill):
    mill = make_mill({"slow": SLOW}).start(workers=1)
    mill.stop()
    seed(mill, 10000, failed=7000)
    mill.start(workers=1)
    browser.open(mill.url)
    browser.wait("return document.querySelectorAll('table.jobs tbody tr').length === 50", "a page of rows")
    assert "page 1 of 200" in browser.text(".pager") and "10,000" in browser.text(".pager")
    assert browser.text("#now [data-figure=failed] .number") == "7,000"
    assert browser.run("return document.querySelectorAll('*').length") < 4000, "a page, not a history"
    browser.click(".pager button:last-of-type")
    browser.wait_text(".pager", "page 2 of 200")
    assert browser.run("return location.hash") == "#/jobs?page=2"
    browser.go("#/jobs?state=failed&page=140")
    browser.wait_text(".pager", "page 140 of 140")
    browser.wait("return document.querySelectorAll('table.jobs tbody tr[data-state=failed]').length === 50", "the oldest failures")
    assert "DSC_00000.jpg: not a picture" in browser.text("table.jobs tbody tr:last-child")
    browser.go("#/jobs?q=dsc_04321")
    browser.wait("return document.querySelectorAll('table.jobs tbody tr').length === 1", "one of ten thousand")
    browser.go("#/jobs/seeded-09999")
    browser.wait_text("#view-title", "DSC_09999.jpg")
