# SPDX-License-Identifier: GPL-2.0-or-later
"""What the page lives on: events, a job's tiles and timeline, thumbnails, metrics; and that all of these agree."""
import os
import re
import signal
import sqlite3
import subprocess
import time
import urllib.parse

import pytest

from stream import Stream
from waiting import wait_until

TILES = "steps:\n  - grayscale\n  - blur: {sigma: 2}\noutputs:\n  - {name: \"{stem}.png\"}\n  - {name: \"{stem}.tif\"}\n"


@pytest.fixture
def tiling(make_mill):
    return make_mill({"tiles": TILES}).start(workers=2, tile=128)


def done_with(source):
    return lambda event: any(job["source"] == source and job["state"] == "done" for job in event["jobs"])


def test_a_picture_is_milled_before_the_eyes(tiling, pictures):
    photo = pictures.picture(width=1000, height=700, ending=".png")
    stream = Stream(tiling, "?tasks=1")
    first = stream.next()
    assert first["full"] and first["jobs"] == [] and len(first["workers"]) == 2
    tiling.drop(photo, "tiles", "big.png")
    last, events = stream.until(done_with("big.png"))
    assert not any(event["full"] for event in events)
    sequences = [first["sequence"]] + [event["sequence"] for event in events]
    assert sequences == sorted(set(sequences))
    job = next(job for job in last["jobs"] if job["source"] == "big.png")
    assert job["lane"] == "tiled" and job["tiles"]["done"] == job["tiles"]["total"] == 2 * 6 * 8
    tasks = [task for event in events for task in event["tasks"]]
    assert {(task["tile"], task["result"]) for task in tasks} == {(n, "done") for n in range(job["tiles"]["total"])}

    detail = tiling.json(f"/api/jobs/{job['id']}")
    tiles = detail["tile_list"]
    assert [tile["n"] for tile in tiles] == list(range(96)) and detail["tile_list_complete"]
    workers = {worker["id"] for worker in tiling.workers()}
    for tile in tiles:
        assert tile["state"] == "done" and tile["worker"] in workers and tile["attempt"] >= 1 and tile["seconds"] >= 0
    for number, output in enumerate(detail["outputs"]):
        own = [tile for tile in tiles if tile["output"] == number]
        assert sum(tile["width"] * tile["height"] for tile in own) == output["width"] * output["height"] == 700000
    assert [step["text"] for step in detail["steps"]] == ["grayscale", "blur: {sigma: 2}"]
    kinds = [entry["kind"] for entry in detail["timeline"]]
    assert kinds == ["dropped", "claimed", "started", "planned", "committed", "committed", "archived", "done"]
    assert all(entry["at"] for entry in detail["timeline"])
    stream.close()

    # Back with the id of the last event: only what came since.
    again = Stream(tiling, f"?job={job['id']}", at=stream.at)
    event = again.next()
    assert not event["full"] and event["sequence"] > last["sequence"] and event["jobs"] == []
    assert event["job"]["state"] == "done" and len(event["tiles"]) == 96
    again.close()


def test_a_worker_that_dies_is_in_the_story(tiling, pictures):
    photo = pictures.picture(width=3000, height=2400, ending=".png")
    tiling.drop(photo, "tiles", "big.png")
    job = wait_until(lambda: next((j for j in tiling.jobs("&state=running") if j["tiles"]["done"] > 3 and j["workers"]), None), "tiles done")
    assert job["eta_s"] is not None

    def caught():
        """A worker that is stopped with a tile in hand: what it had sent before has arrived, and it still has one."""
        for worker in tiling.workers():
            if worker["state"] == "live" and worker["leases"]:
                tiling.kill(worker["pid"], signal.SIGSTOP)
                time.sleep(0.3)
                now = next(w for w in tiling.workers() if w["id"] == worker["id"])
                if now["leases"]:
                    return now
                tiling.kill(worker["pid"], signal.SIGCONT)
        return None

    victim = wait_until(caught, "a worker with a tile in hand")
    tiling.kill(victim["pid"])
    detail = wait_until(lambda: (d := tiling.json(f"/api/jobs/{job['id']}"))["state"] == "done" and d, "the job's end")
    lost = [entry for entry in detail["timeline"] if entry["kind"] == "worker_lost"]
    assert lost and lost[0]["worker"] == victim["id"] and "SIGKILL" in lost[0]["text"]
    # What it had in hand was taken back, or left to another one that had it as well; or that one had it, and finished it, before the death.
    back = [entry["tile"] for entry in detail["timeline"] if entry["kind"] == "retried" and entry["worker"] == victim["id"]]
    other = [entry["tile"] for entry in detail["timeline"] if entry["kind"] in ("retried", "reissued")]
    again = {tile["n"] for tile in detail["tile_list"] if tile["attempt"] > 1}
    late = [entry["tile"] for entry in detail["timeline"] if entry["kind"] == "reissued" and victim["id"] in entry["text"]]
    assert (back or late) and again and again <= set(other)
    gone = next(w for w in tiling.workers() if w["id"] == victim["id"])
    assert gone["state"] == "gone" and gone["gone_at"] and gone["end"]
    assert len(back) <= gone["taken_back"] <= len(other)


def test_pictures_and_downloads(mill, pictures):
    photo = pictures.picture(width=1200, height=900, bands=4, ending=".png")
    mill.drop(photo, "mono", "clear.png")
    with open(mill.path("stage", "bad.png"), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n no picture follows")
    mill.drop(mill.path("stage", "bad.png"), "mono", "bad.png")
    mill.wait_idle(done=1, failed=1)
    jobs = {job["source"]: job for job in mill.jobs()}
    good, bad = jobs["clear.png"], jobs["bad.png"]

    status, headers, body = mill.get(good["original"]["url"])
    with open(photo, "rb") as file:
        assert (status, body) == (200, file.read())
    assert "clear.png" in headers["Content-Disposition"]
    status, headers, body = mill.get(good["original"]["url"], headers={"Range": "bytes=1-3"})
    assert (status, body) == (206, b"PNG")

    thumb = good["outputs"][0]["thumb"]

    def made(path):
        answer = mill.get(path)
        return answer if answer[0] != 503 else None

    for path in (thumb, good["original"]["thumb"] + "?size=160"):
        status, headers, body = wait_until(lambda path=path: made(path), "a thumbnail")
        assert status == 200 and headers["Content-Type"] == "image/webp" and body[8:12] == b"WEBP", (path, body[:80])
        assert mill.get(path, headers={"If-None-Match": headers["ETag"]})[0] == 304
    assert mill.get(thumb + "?size=5000")[0] == 400
    status, headers, body = wait_until(lambda: made(bad["original"]["thumb"]), "that there is none")
    assert status == 404 and b"no thumbnail" in body


CONDITIONS = (
    "steps:\n"
    "  - {when: width > 5000, steps: [{blur: {sigma: 2}}, grayscale]}\n"
    "  - {invert: {}, when: width > 10}\n"
    "outputs:\n"
    "  - {name: \"{stem}-large.tif\", when: width > 5000}\n"
    "  - name: \"{stem}.png\"\n"
    "    steps: [{sharpen: {}, when: height > 5000}, flip]\n"
    "  - {name: \"{stem}-all.png\"}\n"
)


@pytest.mark.parametrize("side", [90, 700])
def test_what_conditions_leave_out_is_told(make_mill, pictures, side):
    """In either lane, and after a restart: no step is said to be done that was not, and no output stands with another one's steps."""
    mill = make_mill({"on": CONDITIONS}).start(workers=1, tile=128)
    pipeline = mill.json("/api/pipelines")["pipelines"][0]
    assert [step["when"] for step in pipeline["steps"]] == ["width > 5000", "width > 5000", "width > 10"]
    assert [output["when"] for output in pipeline["outputs"]] == ["width > 5000", None, None]
    assert not any("left_out" in part for part in [*pipeline["steps"], *pipeline["outputs"]])
    mill.drop(pictures.picture(width=side, height=side, ending=".png"), "on", "a.png")
    mill.wait_idle(done=1)

    def told():
        job = mill.json(f"/api/jobs/{mill.jobs()[0]['id']}")
        done = lambda steps: [(step["name"], not step.get("left_out", False)) for step in steps]
        assert job["lane"] == ("tiled" if side == 700 else "whole") and job["pipeline_hash"] == pipeline["hash"]
        assert done(job["steps"]) == [("blur", False), ("grayscale", False), ("invert", True)]
        assert [(output["name"], output["when"]) for output in job["left_out"]] == [("{stem}-large.tif", "width > 5000")]
        assert [(output["path"].split("/")[-1], done(output["steps"])) for output in job["outputs"]] == \
            [("a.png", [("sharpen", False), ("flip", True)]), ("a-all.png", [])]

    told()
    mill.stop()
    mill.start(workers=1, tile=128)
    wait_until(lambda: mill.jobs(), "the history")
    told()


IMPLIED = (
    "steps: [blur: {sigma: 1}]\n"
    "outputs:\n"
    "  - {name: \"{stem}-kept.png\"}\n"
    "  - {name: \"{stem}-never.png\", when: width > 5000, strip: true}\n"
    "  - {name: \"{stem}.jpg\", strip: true, steps: [{sharpen: {}, when: height > 5000}]}\n"
    "  - {name: \"{stem}-raw.jpg\", strip: true, keep_colours: raw}\n"
)


@pytest.mark.parametrize("side", [90, 700])
def test_implied_steps_are_told(make_mill, pictures, side):
    """In either lane, and after a restart: what is converted though nobody wrote it is a step of its output, where it happens."""
    mill = make_mill({"on": IMPLIED}).start(workers=1, tile=128)
    shown = mill.json("/api/pipelines")["pipelines"][0]["outputs"]
    assert not any(step.get("implied") for output in shown for step in output["steps"]), "no picture is known"
    mill.drop(pictures.picture(width=side, height=side, ending=".png", profile="p3"), "on", "p3.png")
    mill.drop(pictures.picture(width=side, height=side, ending=".png", profile="srgb"), "on", "srgb.png")
    mill.wait_idle(done=2)

    def steps(source):
        (job,) = [job for job in mill.jobs() if job["source"] == source]
        job = mill.json(f"/api/jobs/{job['id']}")
        assert job["lane"] == ("tiled" if side == 700 else "whole")
        return {output["path"].split("/")[-1]: [(step["text"], step.get("implied", False), step.get("left_out", False)) for step in output["steps"]]
                for output in job["outputs"]}

    def told():
        sharpen = ("sharpen  when height > 5000", False, True)
        step = ("icc: {profile: srgb}  implied: the output keeps no profile, so its colours become sRGB", True, False)
        assert steps("p3.png") == {"p3-kept.png": [], "p3.jpg": [sharpen, step], "p3-raw.jpg": []}
        assert steps("srgb.png") == {"srgb-kept.png": [], "srgb.jpg": [sharpen], "srgb-raw.jpg": []}

    told()
    mill.stop()
    mill.start(workers=1, tile=128)
    wait_until(lambda: len(mill.jobs()) == 2, "the history")
    told()


def test_implied_steps_of_a_format_are_told(make_mill, pictures):
    """16 bits with alpha into a JPEG: two steps in their order, as parameters too."""
    mill = make_mill({"on": "steps: []\noutputs: [{name: \"{stem}.jpg\"}]\n"}).start(workers=1)
    mill.drop(pictures.picture(width=90, height=60, ending=".png", depth=16, bands=4), "on", "a.png")
    mill.wait_idle(done=1)
    (output,) = mill.json(f"/api/jobs/{mill.jobs()[0]['id']}")["outputs"]
    assert [(step["name"], step["parameters"], step["implied"], step["when"]) for step in output["steps"]] == [
        ("cast", [{"name": "depth", "value": "8"}], True, None),
        ("flatten", [{"name": "background", "value": "black"}], True, None)]
    assert output["steps"][0]["why"] == "the output holds 8 bits a band"


def test_the_stream_tells_which_thumbnails_are_made(mill, pictures):
    """Nobody waits for one: a state in one answer for many, the ends in the stream, also of what cannot be made."""
    mill.drop(pictures.picture(width=1203, height=801, ending=".jpg"), "mono", "shown.jpg")
    mill.wait_idle(done=1)
    job = mill.jobs()[0]
    urls = [job["outputs"][0]["thumb"] + "?size=160", job["outputs"][0]["thumb"] + "?size=640", "/jobs/none/thumb/0?size=160", "/jobs?"]

    def states():
        query = "&".join(f"url={urllib.parse.quote(url, safe='')}" for url in urls)
        return {p["url"]: p["state"] for p in mill.json(f"/api/pictures?{query}")["pictures"]}

    stream = Stream(mill, f"?pictures=1&jobs={job['id']},none")
    first = stream.next()
    assert [(f["id"], f["job"] and f["job"]["id"]) for f in first["followed"]] == [(job["id"], job["id"]), ("none", None)]
    asked = states()
    assert set(asked) == set(urls) and asked[urls[2]] == asked[urls[3]] == "none", asked
    told = {url: state for url, state in asked.items() if state != "making"}
    while len(told) < len(urls):
        told.update({p["url"]: p["state"] for p in stream.next().get("pictures", [])})
    stream.close()
    assert [told[url] for url in urls] == ["ready", "ready", "none", "none"]
    assert states() == told and mill.get(urls[0])[0] == 200


def test_thumbnails_keep_within_their_bound(mill, pictures):
    """What was looked at longest ago goes first; the one that was asked for just now stays."""
    folder = mill.path("state", "pictures")
    os.makedirs(folder, exist_ok=True)
    names = [f"{n:064x}.webp" for n in range(30)]
    for age, name in enumerate(names):
        with open(os.path.join(folder, name), "wb") as file:
            file.truncate(10 << 20)
        os.utime(os.path.join(folder, name), (time.time() - 60 * age - 60,) * 2)
    mill.drop(pictures.picture(width=300, height=200, ending=".png"), "mono", "a.png")
    mill.wait_idle(done=1)
    thumb = mill.jobs()[0]["outputs"][0]["thumb"]
    wait_until(lambda: mill.get(thumb)[0] == 200, "a thumbnail")
    wait_until(lambda: len(os.listdir(folder)) < 30, "the old ones to go")
    left = sorted(set(os.listdir(folder)) & set(names))
    assert left == names[:23], "down to nine tenths of 256 MiB, the newest of them"
    assert mill.get(thumb)[0] == 200


def test_page_metrics_and_status_agree(mill, pictures):
    photo = pictures.picture(width=640, height=480, ending=".png")
    for number in range(3):
        mill.drop(photo, "mono", f"{number}.png")
    mill.wait_idle(done=3)
    status, headers, body = mill.get("/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    check = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, timeout=60, check=False)
    assert (check.returncode, check.stdout, check.stderr) == (0, b"", b"")
    values = dict(re.findall(r"^(\S+) (\S+)$", body.decode(), re.M))
    now = mill.status()
    assert values['dropmill_jobs_total{pipeline="mono",result="done"}'] == "3" == str(now["jobs"]["done"])
    assert values['dropmill_tiles_total{result="done"}'] == str(now["tiles"]["done"]) == values["dropmill_tile_seconds_count"]
    assert values['dropmill_workers{state="live"}'] == str(now["workers"]["live"]) == "2"
    shown = next(p for p in mill.json("/api/pipelines")["pipelines"] if p["name"] == "mono")
    assert shown["jobs"]["done"] == 3 and shown["median_s"] > 0 and shown["loaded_at"]
    assert [step["name"] for step in shown["steps"]] == ["grayscale", "blur"]
    stream = Stream(mill)
    event = stream.next()
    assert {key: event["status"][key] for key in ("jobs", "tiles", "workers")} == {key: now[key] for key in ("jobs", "tiles", "workers")}
    stream.close()


def test_status_watch_tells_what_happens(mill, pictures):
    address = urllib.parse.urlsplit(mill.url).netloc
    words = [mill.binary, "status", "--watch", "--http", address]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=mill.environment()) as watch:
        wait_until(lambda: mill.status()["streams"]["open"] == 1, "the watcher's stream")
        mill.drop(pictures.picture(width=320, height=240, ending=".png"), "mono", "seen\x1b[2J.png")
        line = next(line for line in watch.stdout if " done 1/1" in line)
        assert "mono/seen" in line and "\x1b" not in line
        watch.kill()
    nobody = subprocess.run(words[:-1] + ["127.0.0.1:1"], capture_output=True, text=True, timeout=60, check=False, env=mill.environment())
    assert nobody.returncode == 1 and "no mill answers" in nobody.stderr


def seed(mill, count):
    """So many finished jobs, as an earlier life of this mill would have left them: every third failed, the last one newest."""
    now = int(time.time() * 1e6)
    with sqlite3.connect(mill.path("state", "history.db")) as database:
        database.executemany(
            "INSERT INTO job (id, pipeline, source, state, lane, error, width, height, tiles, attempts, queued, started, finished,"
            " outputs, seq) VALUES (?,'mono',?,?,'whole',?,640,480,1,1,?,?,?,'[]',?)",
            [(f"old-{n}", f"Ärger {n}.png", "failed" if n % 3 == 0 else "done", "no image" if n % 3 == 0 else None,
              now - (count - n) * 1000 - 2000000, now - (count - n) * 1000, now - (count - n) * 1000, n) for n in range(1, count + 1)])
    database.close()


def test_the_whole_history_page_by_page(make_mill, pictures):
    mill = make_mill().start(workers=1)
    mill.stop()
    seed(mill, 10000)
    mill.start(workers=1)
    mill.drop(pictures.picture(width=64, height=48, ending=".png"), "mono", "new.png")
    mill.wait_idle(done=6668, failed=3333)
    first = mill.json("/api/jobs")
    assert (first["total"], first["pages"]) == (10001, 201)
    assert [job["source"] for job in first["jobs"][:2]] == ["new.png", "Ärger 10000.png"]
    assert mill.json("/api/jobs?page=201")["jobs"][0]["id"] == "old-1"
    failed = mill.json("/api/jobs?state=failed&page=67")
    assert (failed["total"], failed["pages"], len(failed["jobs"])) == (3333, 67, 33)
    assert failed["jobs"][-1]["id"] == "old-3" and failed["jobs"][-1]["error"] == "no image"
    found = mill.json("/api/jobs?q=%C3%A4rger%20777.png&pipeline=mono")
    assert [job["id"] for job in found["jobs"]] == ["old-777"]
    assert mill.json("/api/jobs?q=&pipeline=none")["total"] == 0
    assert mill.json("/api/jobs/old-5")["state"] == "done" and mill.json("/api/jobs/old-5")["tile_list"] is None
    for span, count, seconds in (("hour", 60, 60), ("day", 96, 900)):
        series = mill.json(f"/api/throughput?span={span}")
        assert (len(series["buckets"]), series["bucket_s"]) == (count, seconds)
        assert sum(bucket["jobs"] for bucket in series["buckets"]) == 6668
        assert sum(bucket["failed"] for bucket in series["buckets"]) == 3333
        assert any(bucket["bytes_out"] > 0 and bucket["latency_p95_s"] > 0 for bucket in series["buckets"])
    assert mill.get("/api/throughput?span=year")[0] == 400
    mono = next(p for p in mill.json("/api/pipelines")["pipelines"] if p["name"] == "mono")
    assert (mono["jobs"]["done"], mono["jobs"]["failed"]) == (6668, 3333), "an earlier life's jobs count"
    assert 1.5 < mono["median_s"] < 2.5

    # What there is to tell of a job outlives the master.
    new = mill.json("/api/jobs")["jobs"][0]
    before = mill.json(f"/api/jobs/{new['id']}")
    mill.stop()
    mill.start(workers=1)
    after = mill.json(f"/api/jobs/{new['id']}")
    assert [entry["text"] for entry in after["timeline"]] == [entry["text"] for entry in before["timeline"]]
    assert after["bytes"] == before["bytes"] and after["original"] == before["original"]
    assert mill.get(after["original"]["url"])[0] == 200


def test_a_job_of_an_earlier_life_is_told_in_full(make_mill, pictures):
    """Its definition has changed since: what is shown is what was done."""
    mill = make_mill({"tiles": TILES}).start(workers=1)
    mill.drop(pictures.picture(width=300, height=200, ending=".png"), "tiles", "s.png")
    mill.wait_idle(done=1, failed=0, seconds=60)
    job = mill.json("/api/jobs")["jobs"][0]["id"]
    before = mill.json(f"/api/jobs/{job}")
    mill.stop()
    with open(mill.path("pipelines", "tiles.yaml"), "w", encoding="utf-8") as file:
        file.write("steps: [invert]\n")
    mill.start(workers=1)
    after = mill.json(f"/api/jobs/{job}")
    for key in ("steps", "outputs", "timeline", "pipeline_hash", "bytes", "source"):
        assert after[key] == before[key], key
    assert [step["text"] for step in after["steps"]] == ["grayscale", "blur: {sigma: 2}"]
