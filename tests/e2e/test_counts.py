# SPDX-License-Identifier: GPL-2.0-or-later
"""What costs time is done as often as it must be and no more: copies, messages, chains, processes, folders read. By the mill's own counters,
so that a machine's mood has no say; make bench has the seconds."""
import os
import re
import struct
import subprocess
import zlib

import pytest

WIDTH, HEIGHT, TILE = 2000, 1500, 256
SOURCE_BYTES, OUTPUT_BYTES = 3 * WIDTH * HEIGHT, WIDTH * HEIGHT
TILES = -(-WIDTH // TILE) * -(-HEIGHT // TILE)
FILES = 60
CORES = len(os.sched_getaffinity(0))


def spent(mill, stem):
    job = next(job for job in mill.jobs() if job["source"].startswith(stem))
    detail = mill.json(f"/api/jobs/{job['id']}")
    # A worker that this machine kept from working for a while is late, and another gets its tile as well.
    job["reissued"] = sum(event["kind"] == "reissued" for event in detail["timeline"])
    return job, detail["spent"]


@pytest.mark.parametrize("payload", ["shm", "inline"])
def test_a_picture_in_tiles(make_mill, pictures, payload):
    mill = make_mill().start(workers=2, tile=TILE, payload=payload)
    source = pictures.picture(WIDTH, HEIGHT)
    for run in range(2):
        mill.drop(source, "mono", f"large{run}.png")
        mill.wait_output("mono", f"large{run}.png")
        mill.wait_idle(done=run + 1)
    # The second one: what a job costs when everything is warm.
    job, counts = spent(mill, "large1")
    assert job["lane"] == "tiled" and mill.status()["tiles"]["retried"] == 0
    codec, workers, master = counts["codec"], counts["workers"], counts["master"]
    # Each source row goes into the ring once, each result row out of it once.
    assert codec["copied_bytes"] == SOURCE_BYTES + OUTPUT_BYTES
    # As many cores as there are encode it.
    assert (codec["strips"] > 1) == (CORES > 1)
    # A worker reads where the codec wrote, and copies its result alone.
    assert workers["copied_bytes"] == OUTPUT_BYTES
    # A message a tile there, and one back; a chain for each worker, however many tiles; one process.
    assert job["tiles"]["total"] == workers["tasks"] == master["results"] == TILES
    assert master["records_sent"] == TILES + job["reissued"]
    assert 1 <= workers["chains"] <= 2
    assert master["processes"] == 1
    if payload == "shm":
        assert master["copied_bytes"] == 0
    else:
        # Rectangles are packed once, with a margin of a few pixels on each side, and results are placed once.
        margins = master["copied_bytes"] - SOURCE_BYTES - OUTPUT_BYTES
        assert 0 < margins < 3 * TILES * 4 * 8 * (TILE + 8) + job["reissued"] * 3 * (TILE + 32) ** 2


def test_a_packed_tiff_is_unpacked_piece_by_piece(make_mill, pictures):
    """Each piece once, by whichever core, and the rows go straight into the ring."""
    mill = make_mill({"pack": "steps: [{blur: 1}]\noutputs: [{name: \"{stem}.tif\", compression: deflate, tiled: true}]\n",
                      "mono": "steps: [grayscale]\noutputs: [{name: \"{stem}.jpg\"}]\n"}).start(workers=2, tile=TILE)
    mill.drop(pictures.picture(WIDTH, HEIGHT), "pack", "packed.png")
    mill.wait_output("pack", "packed.tif")
    mill.drop(mill.out("pack", "packed.tif"), "mono", "again.tif")
    mill.wait_output("mono", "again.jpg")
    mill.wait_idle(done=2)
    packed, again = spent(mill, "packed")[1]["codec"], spent(mill, "again")[1]["codec"]
    assert packed["pieces"] == 0 and (packed["strips"] > 1) == (CORES > 1)
    assert again["pieces"] == (-(-WIDTH // 128) * -(-HEIGHT // 128) if CORES > 1 else 0)
    # libvips' loader has rows that are copied into the ring; of pieces each pixel is put there by who unpacks it.
    assert CORES == 1 or OUTPUT_BYTES <= again["copied_bytes"] < OUTPUT_BYTES * 1.1


def test_a_codec_is_asked_once_of_a_chain_that_is_never_cut(make_mill, pictures):
    """A first step that reads the file itself is whole, whatever the picture: each is one task, and starts no process."""
    mill = make_mill({"small": "steps: [{thumbnail: {width: 90}}]\noutputs: [{name: \"{stem}.png\"}]\n"}).start(workers=1, tile=TILE)
    source = pictures.picture(WIDTH, HEIGHT)
    for run in range(3):
        mill.drop(source, "small", f"large{run}.png")
        mill.wait_output("small", f"large{run}.png")
        mill.wait_idle(done=run + 1)
        job, counts = spent(mill, f"large{run}")
        assert job["lane"] == "whole"
        # A run that began with a codec is told anew when it goes on whole.
        assert counts["workers"]["tasks"] == 1 and counts["master"]["processes"] == 0
    assert mill.log().count("runs whole: its first step reads the file itself") == 1


def threads_of_tasks(mill):
    """Of each task until now: the threads that its worker may take."""
    words = ["kcat", "-C", "-q", "-e", "-b", mill.status()["broker"]["servers"], "-t", "tasks", "-o", "beginning", "-f", "%h\n"]
    told = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()
    return [int((re.search(r'"threads":(\d+)', line) or [0, 1])[1]) for line in told if "spec=" in line]


def test_a_picture_that_comes_alone_gets_the_idle_workers_threads(make_mill, pictures):
    mill = make_mill().start(workers=3)
    source = pictures.picture(300, 200)
    mill.drop(source, "mono", "alone.png")
    mill.wait_idle(done=1)
    assert threads_of_tasks(mill) == [3]
    for number in range(FILES):
        mill.drop(source, "mono", f"many{number}.png")
    mill.wait_idle(done=1 + FILES)
    # Of many each has one; the first and the last of them found idle workers.
    assert sum(threads > 1 for threads in threads_of_tasks(mill)[1:]) < FILES / 2


def flat(path, width, height):
    """A grey PNG of few bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(bytes(width + 1) * height, 1)) + chunk(b"IEND", b""))
    return path


def test_a_large_picture_in_a_small_file_is_nobodys_failure(mill):
    """A worker hands it back: it belongs into the other lane, and nothing has failed."""
    mill.drop(flat(os.path.join(mill.folder, "stage", "flat.png"), 4001, 3203), "mono", "flat.png")
    mill.wait_output("mono", "flat.png")
    mill.wait_idle(done=1)
    assert mill.jobs()[0]["lane"] == "tiled" and "runs tiled: a large picture" in mill.log()
    assert "not at the first try" not in mill.log()
    assert sum(worker["failed"] for worker in mill.hear_workers()) == 0
    assert 'dropmill_tiles_total{result="failed"} 0' in mill.get("/metrics")[2].decode()


def test_many_small_files(mill, pictures):
    source = pictures.picture(60, 40)
    mill.drop(source, "mono", "first.png")
    mill.wait_idle(done=1)
    before = mill.status()["counts"]
    for number in range(FILES):
        mill.drop(source, "mono", f"small{number}.png")
    mill.wait_idle(done=FILES + 1)
    after = mill.status()["counts"]
    assert after["processes_started"] == before["processes_started"]
    # The inbox is looked at as a whole once a minute, whatever comes.
    assert after["folders_read"] - before["folders_read"] <= 2
    for number in range(0, FILES, 7):
        job, counts = spent(mill, f"small{number}.")
        assert job["lane"] == "whole"
        assert counts["workers"]["tasks"] == counts["master"]["results"] == counts["master"]["records_sent"] == 1
        assert counts["master"]["processes"] == counts["master"]["copied_bytes"] == counts["codec"]["copied_bytes"] == 0
