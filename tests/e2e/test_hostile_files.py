# SPDX-License-Identifier: GPL-2.0-or-later
"""Files made to hurt: each ends as an output or in _failed/ with a true reason, and the mill does not feel it.

`make hostile N=10000 SEED=3` is a long run; what became of each corpus is written to build/hostile.md."""
import collections
import os
import random
import struct
import zlib

from conftest import MONO
from mill import BUILD
from processes import GROWTH_BYTES, resident_bytes
from waiting import wait_until

SEED = int(os.environ.get("DROPMILL_SEED", "1"))
N = int(os.environ.get("DROPMILL_HOSTILE", "60"))
ENDINGS = (".jpg", ".png", ".tif", ".webp", ".gif", ".avif", ".heic")
WAYS = ("bits", "gap", "zeros", "cut")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, before=b"", rows=None):
    """One bit a pixel, all of it 0; rows: only so many are there."""
    line = (width + 7) // 8 + 1
    packer, data = zlib.compressobj(9), b""
    for _ in range(height if rows is None else rows):
        data += packer.compress(bytes(line))
    data += packer.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif(frames):
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x4c\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6) + frame * frames + b"\x3b"


def tiff(width, height):
    entries = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, 4000000000)]
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + directory + bytes(4)


def hostile():
    """name -> (bytes, words of which one must be in the reason)"""
    return {
        "bomb.png": (png(60000, 60000), ("megapixels",)),
        # libnsgif stops counting at 4097.
        "frames.gif": (gif(10000), ("above the limit of 64 (limits: frames)",)),
        "petabytes.tif": (tiff(40000000, 40000000), ("damaged", "megapixels", "a side can have 10000000 at most")),
        "nothing.jpg": (b"", ("empty",)),
        "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>', ("svg",)),
        "drawing.png": (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="http://127.0.0.1:1/"/></svg>', ("svg",)),
        "page.jpg": (b"%PDF-1.4\n1 0 obj <</Type /Catalog /OpenAction <</S /URI /URI (http://127.0.0.1:1/)>>>> endobj\n", ("pdf",)),
        "short.png": (png(5000, 5000, rows=10), ("libspng", "truncated", "damaged", "read", "end of")),
    }


def drop_bytes(mill, name, data):
    path = mill.path("stage", f"made-{name}")
    with open(path, "wb") as file:
        file.write(data)
    mill.drop(path, "mono", name)
    os.unlink(path)


def test_bombs_liars_and_strangers_fail_with_the_true_reason(make_mill, pictures):
    # With a format that holds pages: where one frame is used, the others are not counted.
    mill = make_mill({"mono": "wait_empty: 0s\n" + MONO + '  - {name: "{stem}.tif"}\n'}).start(workers=2)
    before, workers = resident_bytes(mill.process.pid), mill.pids("worker")
    made = hostile()
    for name, (data, _) in made.items():
        drop_bytes(mill, name, data)
    for name, (_, words) in made.items():
        reason = mill.wait_failed("mono", name).lower()
        assert any(word in reason for word in words), f"{name}: {reason}"
    mill.wait_idle(done=0, failed=len(made))
    assert mill.pids("worker") == workers, f"a worker died:\n{mill.log()}"
    assert resident_bytes(mill.process.pid) < before + GROWTH_BYTES
    mill.drop(pictures.picture(width=300, height=200), "mono", "good.png")
    mill.wait_output("mono", "good.png")
    mill.stop()


def test_metadata_that_swells_and_files_that_are_two_things(make_mill, pictures):
    mill = make_mill({"mono": "wait_empty: 0s\n" + MONO}).start(workers=2)
    before = resident_bytes(mill.process.pid)
    with open(pictures.picture(width=300, height=200, ending=".jpg"), "rb") as file:
        jpeg = file.read()
    segment = b"\xff\xe5" + struct.pack(">H", 65535) + bytes(65533)
    swollen = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50 << 20), 9))
    made = {
        "segments.jpg": jpeg[:2] + segment * 320 + jpeg[2:],
        "text.png": png(300, 200, before=swollen),
        "zip.jpg": jpeg + b"PK\x03\x04" + bytes(1000),
        "jpeg.png": jpeg,
    }
    for name, data in made.items():
        drop_bytes(mill, name, data)
    wait_until(lambda: sum(mill.status()["jobs"][state] for state in ("done", "failed")) == len(made), mill.log)
    for name in ("zip.jpg", "jpeg.png", "segments.jpg"):
        mill.wait_output("mono", name.split(".")[0] + ".png")
    assert resident_bytes(mill.process.pid) < before + GROWTH_BYTES
    mill.stop()


def mutated(data, way, dice):
    """Bits turned over, a piece gone, a piece of zeros, or an early end."""
    data = bytearray(data)
    at = dice.randrange(len(data))
    if way == "bits":
        for _ in range(dice.randrange(1, 20)):
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    elif way == "gap":
        del data[at : at + dice.randrange(1, 200)]
    elif way == "zeros":
        end = min(len(data), at + 200)
        data[at:end] = bytes(end - at)
    else:
        del data[at:]
    return bytes(data)


def write_table(table, mill):
    """Corpora x files x result, for people."""
    deaths = sum("ended: killed by" in line for line in mill.lines)
    lines = [f"{N} mutated files, seed {SEED}; workers that died: {deaths}", ""]
    lines += ["| format | mutation | files | output | failed with a reason | of these: killed their workers |", "|---|---|---|---|---|---|"]
    for kind in sorted({kind for kind, _ in table}):
        output, failed, killed = (table[kind, result] for result in ("output", "failed", "killed"))
        lines.append(f"| {kind[0]} | {kind[1]} | {output + failed + killed} | {output} | {failed + killed} | {killed} |")
    with open(os.path.join(BUILD, "hostile.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def test_mutated_files_are_all_accounted_for(make_mill, pictures):
    mill = make_mill({"mono": "wait_empty: 0s\n" + MONO}).start(workers=2)
    before, dice = resident_bytes(mill.process.pid), random.Random(SEED)
    sources = []
    for ending in ENDINGS:
        with open(pictures.picture(width=160, height=120, ending=ending), "rb") as file:
            sources.append((ending, file.read()))
    made = {}
    for number in range(N):
        ending, data = sources[number % len(sources)]
        way = dice.choice(WAYS)
        name = f"m{number:05}{ending}"
        made[name] = (ending, way)
        drop_bytes(mill, name, mutated(data, way, dice))
    ended = lambda: sum(mill.status()["jobs"][state] for state in ("done", "failed"))
    wait_until(lambda: ended() == N, lambda: f"{N} files, seed {SEED}; {mill.status()}\n{mill.log()}", 60 + N / 5)
    table = collections.Counter()
    for name, kind in made.items():
        output = os.path.exists(mill.out("mono", os.path.splitext(name)[0] + ".png"))
        reason = mill.reason("mono", name)
        assert output != bool(reason), f"{name}, seed {SEED}: output {output}, reason {reason}"
        assert output or os.path.exists(mill.inbox("mono", "_failed", name)), name
        table[kind, "killed" if reason and "killed" in reason else "failed" if reason else "output"] += 1
    write_table(table, mill)
    assert resident_bytes(mill.process.pid) < before + GROWTH_BYTES
    mill.stop()
