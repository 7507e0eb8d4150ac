# SPDX-License-Identifier: GPL-2.0-or-later
"""thumbnail: fresh. EXIF of a JPEG gets a small copy of the finished picture; the picture and the rest of EXIF stay, in each lane and payload."""
import os
import struct

import pytest

from pictures import REFERENCE, run
from test_language_bounds import check

MAKE, ORIENTATION, COMPRESSION, AT, LENGTH, EXIF, GPS, DATE, LATITUDE = 0x10F, 0x112, 0x103, 0x201, 0x202, 0x8769, 0x8825, 0x9003, 2
OLD = b"\xff\xd8 the face that the crop leaves out \xff\xd9"
CROP = "crop: {left: 900, top: 300, width: 1400, height: 1100}"
LANES = [("auto", 128), ("inline", 128), ("auto", 4000), ("inline", 4000)]


def directory(at, entries, following=0):
    """A directory of TIFF at this offset; entries: tag: (type, count, bytes)."""
    head, behind = struct.pack("<H", len(entries)), b""
    start = at + 2 + 12 * len(entries) + 4
    for tag, (kind, count, value) in sorted(entries.items()):
        if len(value) > 4:
            place = struct.pack("<I", start + len(behind))
            behind += value + b"\0" * (len(value) % 2)
        else:
            place = value.ljust(4, b"\0")
        head += struct.pack("<HHI", tag, kind, count) + place
    return head + struct.pack("<I", following) + behind


def long(value):
    return (4, 1, struct.pack("<I", value))


def from_camera(source, target, note=0):
    """A copy of this JPEG with EXIF: maker, date, orientation, place, a note of so many bytes, and a thumbnail that is to go."""
    degrees = struct.pack("<6I", 52, 1, 30, 1, 0, 1)
    own = directory(1000, {DATE: (2, 20, b"2026:01:02 03:04:05\0"), **({0x927C: (7, note, b"n" * note)} if note else {})})
    place = directory(500, {1: (2, 2, b"N\0"), LATITUDE: (5, 3, degrees)})
    small = directory(800, {COMPRESSION: (3, 1, b"\6\0"), AT: long(900), LENGTH: long(len(OLD))})
    first = directory(8, {MAKE: (2, 5, b"Acme\0"), ORIENTATION: (3, 1, b"\6\0"), EXIF: long(1000), GPS: long(500)}, 800)
    block = b"II*\0\x08\0\0\0" + first
    for at, part in ((500, place), (800, small), (900, OLD), (1000, own)):
        assert len(block) <= at
        block = block.ljust(at, b"\0") + part
    with open(source, "rb") as file:
        data = file.read()
    with open(target, "wb") as file:
        file.write(b"\xff\xd8\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block + data[2:])
    return target


def exif_of(path):
    """Where EXIF is in this JPEG, and its tags: ({"first", "exif", "gps", "second"} -> tag -> bytes); and the thumbnail or None."""
    with open(path, "rb") as file:
        data = file.read()
    at = 2
    while data[at + 1] != 0xDA and data[at + 4 : at + 10] != b"Exif\0\0":
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    if data[at + 1] == 0xDA:
        return (at, at), {}, None
    end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
    block = data[at + 10 : end]
    order = "<" if block[:2] == b"II" else ">"

    def read(start):
        (count,) = struct.unpack_from(order + "H", block, start)
        tags = {}
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, number = struct.unpack_from(order + "HHI", block, entry)
            size = number * {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 10: 8}[kind]
            place = entry + 8 if size <= 4 else struct.unpack_from(order + "I", block, entry + 8)[0]
            tags[tag] = block[place : place + size]
        return tags, struct.unpack_from(order + "I", block, start + 2 + 12 * count)[0]

    def number(value):
        return struct.unpack(order + ("H" if len(value) == 2 else "I"), value)[0]

    first, following = read(struct.unpack_from(order + "I", block, 4)[0])
    found = {"first": first, "second": read(following)[0] if following else {}}
    found["exif"] = read(number(first[EXIF]))[0] if EXIF in first else {}
    found["gps"] = read(number(first[GPS]))[0] if GPS in first else {}
    if not found["second"]:
        return (at, end), found, None
    assert number(found["second"][COMPRESSION]) == 6
    place = number(found["second"][AT])
    return (at, end), found, block[place : place + number(found["second"][LENGTH])]


def assert_shows(thumbnail, path, folder, pictures):
    """The bytes of a JPEG that shows what the picture in this file shows."""
    small, wanted = os.path.join(folder, "small.jpg"), os.path.join(folder, "wanted.tif")
    with open(small, "wb") as file:
        file.write(thumbnail)
    head, got = pictures.raw(small, folder).split(b"\n", 1)
    width, height = (int(word) for word in head.split()[:2])
    assert max(width, height) == 160
    run([REFERENCE, path, wanted, f"resize:width={width},height={height},fit=fill"])
    pixels = pictures.raw(wanted, folder).split(b"\n", 1)[1]
    assert len(got) == len(pixels)
    apart = sum(abs(x - y) for x, y in zip(got, pixels)) / len(got)
    assert apart < 6, f"{path}: the thumbnail is {apart:.1f} levels from the picture"


def assert_same_otherwise(one, other):
    """Two files that differ in EXIF alone."""
    rest = []
    for path in (one, other):
        (at, end), _, _ = exif_of(path)
        with open(path, "rb") as file:
            data = file.read()
        rest.append(data[:at] + data[end:])
    assert rest[0] == rest[1], f"{one} and {other} differ outside EXIF"


PIPELINE = f"""steps:
  - {CROP}
outputs:
  - {{name: "{{stem}}-fresh.jpg", thumbnail: fresh}}
  - {{name: "{{stem}}-plain.jpg"}}
  - {{name: "{{stem}}-bare.jpg", thumbnail: fresh, strip: true}}
  - {{name: "{{stem}}-slow.jpg", thumbnail: fresh, progressive: true}}
"""


@pytest.mark.parametrize("payload, tile", LANES)
def test_the_thumbnail_shows_the_crop(make_mill, pictures, folder, payload, tile):
    bare = pictures.picture(width=2400, height=1800, ending=".jpg", seed=41)
    camera = from_camera(bare, os.path.join(folder, "camera.jpg"))
    mill = make_mill({"crop": PIPELINE}).start(tile=tile, workers=2, payload=payload)
    mill.drop(camera, "crop", "a.jpg")
    mill.drop(bare, "crop", "b.jpg")
    mill.wait_idle(done=2, failed=0)
    assert {job["lane"] for job in mill.jobs()} == {"tiled" if tile == 128 else "whole"}
    for stem in "ab":
        out = {kind: mill.out("crop", f"{stem}-{kind}.jpg") for kind in ("fresh", "plain", "bare", "slow")}
        assert_same_otherwise(out["fresh"], out["plain"])
        assert exif_of(out["plain"])[2] is None
        for kind in ("fresh", "bare", "slow"):
            _, found, thumbnail = exif_of(out[kind])
            assert_shows(thumbnail, out[kind], folder, pictures)
            assert found["first"].get(MAKE) == (b"Acme\0" if stem == "a" and kind != "bare" else None)
            assert DATE not in found["exif"] or found["exif"][DATE].startswith(b"2026:01:02")
            assert (DATE in found["exif"]) == (LATITUDE in found["gps"]) == (stem == "a" and kind != "bare")
            assert struct.unpack("<H", found["first"][ORIENTATION])[0] == (6 if stem == "a" and kind != "bare" else 1)
        with open(out["fresh"], "rb") as file:
            assert OLD[2:-2] not in file.read()
    assert not [output["note"] for job in mill.jobs() for output in job["outputs"] if output["note"]]


@pytest.mark.parametrize("tile", [128, 4000])
def test_exif_without_room_is_said(make_mill, pictures, folder, tile):
    bare = pictures.picture(width=2400, height=1800, ending=".jpg", seed=41)
    mill = make_mill({"crop": f'steps: [{{{CROP}}}]\noutputs: [{{name: "{{stem}}.jpg", thumbnail: fresh}}]\n'})
    mill.start(tile=tile, workers=2)
    mill.drop(from_camera(bare, os.path.join(folder, "full.jpg"), 63000), "crop", "full.jpg")
    mill.drop(from_camera(bare, os.path.join(folder, "near.jpg"), 58000), "crop", "near.jpg")
    mill.wait_idle(done=2, failed=0)
    said = "no thumbnail: the original's EXIF leaves no room for one"
    notes = {os.path.basename(output["path"]): output["note"] for job in mill.jobs() for output in job["outputs"]}
    assert notes == {"full.jpg": said, "near.jpg": None}
    assert mill.log().count(f"crop/full.jpg: full.jpg: {said}") == 1
    _, found, thumbnail = exif_of(mill.out("crop", "full.jpg"))
    assert thumbnail is None and found["first"][MAKE] == b"Acme\0" and LATITUDE in found["gps"]
    assert_shows(exif_of(mill.out("crop", "near.jpg"))[2], mill.out("crop", "near.jpg"), folder, pictures)


def test_other_words_are_errors(folder):
    said, status = check(folder, {
        "a.yaml": 'inbox: a\noutputs: [{name: "{stem}.jpg", thumbnail: old}]\n',
        "b.yaml": 'inbox: b\noutputs: [{name: "{stem}.png", thumbnail: fresh}]\n',
        "c.yaml": 'inbox: c\noutputs: [{name: "{stem}.{ext}", thumbnail: fresh}]\n',
        "d.yaml": 'inbox: d\noutputs: [{name: "{stem}.jpg", thumbnail: fresh}]\n',
    })
    assert status == 1
    assert said["a.yaml"] == [":2:43: jpeg: thumbnail must be fresh, not 'old'"]
    assert "png has no option 'thumbnail'" in said["b.yaml"][0]
    assert "add a format, such as format: jpeg" in said["c.yaml"][0]
    assert said["d.yaml"][0].startswith(": ok")
