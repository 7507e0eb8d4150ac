# SPDX-License-Identifier: GPL-2.0-or-later
"""Colours by profile: converted before a profile goes, in tiles as in the whole, also by workers that open no file."""
import os
import struct
import subprocess
import zlib

import pytest

from mill import BINARY, ROOT, TOP
from pictures import PICTURE, run
from waiting import PATIENCE, wait_until

# Sanitized programs have the hooks built in.
HOOKS = BINARY if os.environ.get("DROPMILL_SANITIZED") else os.path.join(TOP, "hooks", "dropmill")
# A worker with this reads no asset from a path, as if it were on another machine.
FAR = {"DROPMILL_TEST_NO_ASSET_FILES": "1"}
TO_SRGB = "vips:operation=icc_transform,output_profile=srgb,embedded=true,intent=relative"


def chunk(name, data):
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


@pytest.fixture
def iphone(folder):
    """A flat picture in Display P3, as a telephone writes it: 200,80,60, which sRGB shows as about 217,69,52."""
    profile = os.path.join(folder, "p3.icc")
    run([PICTURE, profile, "--write-profile", "p3"])
    with open(profile, "rb") as file:
        icc = zlib.compress(file.read())
    width, height = 640, 480
    rows = zlib.compress((b"\0" + bytes((200, 80, 60)) * width) * height)
    path = os.path.join(folder, "iphone.png")
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))
        file.write(chunk(b"iCCP", b"p3\0\0" + icc) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def shipped(name):
    with open(os.path.join(ROOT, "pipelines", name + ".yaml"), encoding="utf-8") as file:
        return file.read()


def middle(pictures, path, scratch):
    head, pixels = pictures.raw(path, scratch).split(b"\n", 1)
    width, height, bands = (int(word) for word in head.split()[:3])
    at = (height // 2 * width + width // 2) * bands
    return tuple(pixels[at:at + 3])


def test_a_shipped_contact_sheet_shows_a_telephones_colours(make_mill, pictures, iphone):
    mill = make_mill({"contact": shipped("contact")}).start(workers=1)
    mill.drop(iphone, "contact", "a.png")
    seen = middle(pictures, mill.wait_output("contact", "a.jpg"), mill.folder)
    assert all(abs(got - wanted) <= 2 for got, wanted in zip(seen, (217, 69, 52))), seen
    # What the page shows of the original, too, which is a JPEG without a profile.
    path = os.path.join(mill.folder, "thumb.jpg")

    def fetched():
        status, _, body = mill.get(f"jobs/{mill.jobs()[0]['id']}/thumb/original?size=160")
        with open(path, "wb") as file:
            file.write(body)
        return status == 200 and body.startswith(b"\xff\xd8")

    wait_until(fetched, mill.log)
    seen = middle(pictures, path, mill.folder)
    assert all(abs(got - wanted) <= 2 for got, wanted in zip(seen, (217, 69, 52))), seen


DROPPED = "outputs:\n  - {name: \"{stem}.png\", strip: true}\n  - {name: \"{stem}-kept.png\"}\n  - {name: \"{stem}-raw.png\", strip: true, keep_colours: raw}\n"
ASKED = "steps: [{icc: srgb}]\noutputs: [{name: \"{stem}.png\"}]\n"


@pytest.mark.parametrize("lane", ["tiled", "whole"])
def test_profiles_travel_to_workers_that_open_no_files(make_mill, pictures, lane):
    if not os.path.exists(HOOKS):
        pytest.fail(f"{HOOKS} is not built: make hooks")
    p3 = pictures.picture(width=937, height=541, seed=3, profile="p3")
    cmyk = pictures.picture(width=533, height=411, bands=4, seed=4, ending=".jpg", cmyk=True, profile="cmyk")
    mill = make_mill({"dropped": DROPPED, "asked": ASKED}, HOOKS)
    mill.start(workers=2, payload="inline", tile=256 if lane == "tiled" else None, env=FAR)
    for name, source in (("p3.png", p3), ("cmyk.jpg", cmyk)):
        stem = name.split(".")[0]
        wanted = pictures.reference(source, [TO_SRGB], ".png")
        for inbox in ("asked", "dropped"):
            mill.drop(source, inbox, name)
            pictures.assert_same(mill.wait_output(inbox, stem + ".png"), wanted, mill.folder, inbox)
    pictures.assert_same(mill.wait_output("dropped", "p3-kept.png"), p3, mill.folder)
    pictures.assert_same(mill.wait_output("dropped", "p3-raw.png"), p3, mill.folder)
    mill.wait_idle()
    assert {job["lane"] for job in mill.jobs()} == {lane}, mill.jobs()


def test_a_picture_milled_once_is_cut_and_leaves_nothing(make_mill, pictures):
    mill = make_mill({"asked": ASKED})
    p3 = pictures.picture(width=937, height=541, seed=3, profile="p3")
    scratch = mill.path("scratch")
    os.makedirs(scratch)
    command = [BINARY, "once", "asked", p3, "--pipelines", mill.path("pipelines"), "--out", mill.path("out"), "--tile", "256"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60 * PATIENCE,
                          env={**mill.environment(), "TMPDIR": scratch})
    assert done.returncode == 0, done.stderr
    output = mill.path("out", os.path.basename(p3))
    pictures.assert_same(output, pictures.reference(p3, [TO_SRGB], ".png"), mill.folder)
    assert not os.listdir(scratch)
