# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages: which are pictures of their own, pages of different sizes in one file, how many are read; every loader into every saver."""
import json
import os
import re
import shutil
import struct
import subprocess

import pytest

import heif
from mill import ROOT, TOP
from pictures import REFERENCE, run
from test_allow import files, pdf, write
from waiting import PATIENCE, wait_until

PAGES = os.path.join(TOP, "tests", "pages")
SHIPPED = os.path.join(ROOT, "pipelines")
TIFF = "allow: [pdf]\noutputs: [{name: \"{stem}.tif\"}]\n"
WEBP = "allow: [pdf]\noutputs: [{name: \"{stem}.webp\"}]\n"
JPEG = "outputs: [{name: \"{stem}.jpg\"}]\n"


@pytest.fixture
def place(make_mill):
    """A mill's folder, nothing started."""
    return make_mill({"tiff": TIFF, "webp": WEBP, "jpeg": JPEG})


def call(place, *words):
    done = subprocess.run([place.binary, *words], capture_output=True, text=True, check=False, cwd=place.folder,
                          timeout=120 * PATIENCE, env=place.environment(), stdin=subprocess.DEVNULL)
    place.check_clean()
    return done


def once(place, pipeline, *paths):
    """Mills it; the folder of outputs and what was said."""
    out = place.path(f"out-{os.path.basename(pipeline)}")
    done = call(place, "once", "--pipelines", place.path("pipelines"), pipeline, *paths, "--out", out)
    return out, done


def explained(place, pipeline, path):
    done = call(place, "explain", "--json", "--pipelines", place.path("pipelines"), pipeline, path)
    return json.loads(done.stdout)[0], done


def split(path, prefix):
    return int(run([PAGES, "split", path, prefix]).split()[1])


def tiff(pages):
    """A TIFF of such pages: (width, height, bands, bytes, more entries). Each has its own size and colours."""
    data, link = b"II*\0", 4
    out = bytearray(data + bytes(4))
    for width, height, bands, pixels, more in pages:
        entries = {256: width, 257: height, 258: 8, 259: 1, 262: 2 if bands == 3 else 1, 273: len(out), 277: bands,
                   278: height, 279: len(pixels), **more}
        if bands == 3:
            out += struct.pack("<3H", 8, 8, 8)
            entries[258], entries[273] = len(out) - 6, len(out)
        out += pixels + bytes(len(pixels) % 2)
        struct.pack_into("<I", out, link, len(out))
        out += struct.pack("<H", len(entries))
        for tag in sorted(entries):
            kind, count = (3, 3) if tag == 258 and bands == 3 else (4, 1)
            out += struct.pack("<HHII", tag, kind, count, entries[tag])
        link = len(out)
        out += bytes(4)
    return bytes(out)


def page(pictures, folder, width, height, bands=3, seed=1, more=None):
    """A page for tiff(), of a picture."""
    geometry, pixels = pictures.raw(pictures.picture(width=width, height=height, bands=bands, seed=seed), folder).split(b"\n", 1)
    assert geometry.split()[:3] == [str(n).encode() for n in (width, height, bands)], geometry
    return width, height, bands, pixels, more or {}


@pytest.fixture
def scan(pictures, folder):
    """A scan whose pages differ by a few pixels, and one of which is grey."""
    sizes = [(248, 351, 3), (248, 352, 3), (249, 351, 1)]
    return write(folder, "scan.tif", tiff([page(pictures, folder, *size, seed=n) for n, size in enumerate(sizes, 1)])), sizes


@pytest.mark.parametrize("pipeline, chain", [
    ("archive", []), ("print", []), ("mono", ["grayscale", "blur:sigma=1"]),
])
def test_shipped_definitions_take_scans_of_mixed_pages(place, pictures, scan, pipeline, chain):
    source, sizes = scan
    assert split(source, place.path("stage", "in")) == len(sizes)
    out, done = once(place, os.path.join(SHIPPED, f"{pipeline}.yaml"), source)
    assert done.returncode == 0, done.stderr
    assert split(os.path.join(out, "scan.tif"), place.path("stage", "out")) == len(sizes)
    for number in range(len(sizes)):
        wanted = place.path("stage", f"wanted{number}.png")
        run([REFERENCE, place.path("stage", f"in{number}.png"), wanted, *chain])
        pictures.assert_same(place.path("stage", f"out{number}.png"), wanted, place.folder, f"page {number + 1}")
    told, _ = explained(place, os.path.join(SHIPPED, f"{pipeline}.yaml"), source)
    assert told["outputs"][0]["pages"] == told["source"]["pages"] == len(sizes)
    # What was written goes through once more, and is the same document.
    again, done = once(place, "tiff", os.path.join(out, "scan.tif"))
    assert split(os.path.join(again, "scan.tif"), place.path("stage", "again")) == len(sizes)


def test_mixed_pages_over_the_bus(make_mill, pictures, scan):
    source, sizes = scan
    mill = make_mill({"x": "steps: [invert]\noutputs: [{name: a.tif, compression: deflate}]\n"})
    mill.start(workers=1, payload="inline")
    mill.drop(source, "x", "scan.tif")
    mill.wait_idle(done=1, failed=0)
    assert split(source, mill.path("stage", "in")) == split(mill.out("x", "a.tif"), mill.path("stage", "out")) == len(sizes)
    for number in range(len(sizes)):
        wanted = mill.path("stage", f"wanted{number}.png")
        run([REFERENCE, mill.path("stage", f"in{number}.png"), wanted, "invert"])
        pictures.assert_same(mill.path("stage", f"out{number}.png"), wanted, mill.folder, f"page {number + 1}")


def halving(pictures, folder, count, more=None):
    return tiff([page(pictures, folder, 240 >> n, 160 >> n, seed=n + 1, more=more if n else None) for n in range(count)])


def test_what_is_a_page_is_told_and_done_alike(place, pictures, folder):
    """No page is lost without a word: two that halve are two; smaller copies are none where the file says so, or of three levels."""
    cases = {
        "two.tif": (halving(pictures, folder, 2), 2),
        "copy.tif": (halving(pictures, folder, 2, {254: 1}), 1),
        "levels.tif": (halving(pictures, folder, 3), 1),
        "pages.tif": (tiff([page(pictures, folder, 240 >> n, 160 >> n, more={254: 2}) for n in range(3)]), 3),
    }
    paths = [write(folder, name, data) for name, (data, _) in cases.items()]
    out, done = once(place, "tiff", *paths)
    assert done.returncode == 0, done.stderr
    for path in paths:
        name = os.path.basename(path)
        wanted = cases[name][1]
        told, _ = explained(place, "tiff", path)
        assert (told["source"]["pages"], told["outputs"][0].get("pages", 1)) == (wanted, wanted), name
        assert split(os.path.join(out, name), place.path("stage", f"{name}-")) >= wanted
        raw = pictures.raw(place.path("stage", f"{name}-{wanted - 1}.png"), folder)
        assert raw.startswith(f"{240 >> (wanted - 1)} {160 >> (wanted - 1)} ".encode()), name
    # Another format cannot hold them, and both say so.
    two = os.path.join(folder, "two.tif")
    for done in (once(place, "webp", two)[1], explained(place, "webp", two)[1]):
        assert done.returncode == 1
        assert "page 2 is 120 x 80 pixels after the chain, page 1 is 240 x 160" in done.stderr
        assert "Write tiff" in done.stderr


def test_a_document_of_two_sizes_keeps_both_pages(place, folder):
    first, second = pdf(1, 200, 100), pdf(2, 200, 100).replace(b"MediaBox[0 0 200 100]", b"MediaBox[0 0 100 050]", 1)
    assert len(first) < len(second)
    source = write(folder, "a.pdf", second)
    out, done = once(place, "tiff", source)
    assert done.returncode == 0, done.stderr
    assert split(os.path.join(out, "a.tif"), place.path("stage", "p")) == 2
    assert explained(place, "tiff", source)[0]["outputs"][0]["pages"] == 2


def test_ten_thousand_pages_are_not_one(place, folder):
    """libvips doubts such a number, and the first page was the document."""
    source = write(folder, "long.tif", tiff([(4, 4, 1, bytes(16), {})] * 10001))
    for done in (once(place, "tiff", source)[1], explained(place, "tiff", source)[1]):
        assert done.returncode == 1
        assert "10001 frames or pages, above the limit of 64 (limits: frames)" in done.stderr, done.stderr
    assert explained(place, "jpeg", source)[0]["source"]["pages"] == 10001


@pytest.mark.parametrize("hidden", [True, False])
def test_a_still_of_tiles_is_one_picture(place, pictures, folder, hidden):
    tiles = [pictures.picture(width=64, height=64, seed=seed, ending=".avif") for seed in range(4)]
    source = write(folder, "grid.avif", heif.grid(tiles, 64, hidden))
    # Otherwise the test shows nothing.
    assert split(source, place.path("stage", "in")) == (1 if hidden else 5)
    told, _ = explained(place, "webp", source)
    assert (told["source"]["width"], told["source"]["pages"], told["outputs"][0].get("pages", 1)) == (128, 1, 1)
    wanted = pictures.reference(source, ["invert"], ".png")
    place.pipeline("all", "steps: [invert]\noutputs: [{name: a.webp, lossless: true}, {name: a.tif}, {name: a.gif}, {name: a.png}]\n")
    out, done = once(place, "all", source)
    assert done.returncode == 0, done.stderr
    for name in ("a.webp", "a.tif", "a.gif"):
        assert split(os.path.join(out, name), place.path("stage", name)) == 1
    pictures.assert_same(os.path.join(out, "a.png"), wanted, folder)
    pictures.assert_same(os.path.join(out, "a.tif"), wanted, folder)
    # The shipped definition that made an animation of it.
    out, done = once(place, os.path.join(SHIPPED, "web.yaml"), source)
    assert done.returncode == 0, done.stderr
    assert split(os.path.join(out, "grid-thumb.webp"), place.path("stage", "thumb")) == 1


def test_an_animation_that_nobody_reads_says_so(place, pictures, folder):
    still = pictures.picture(width=64, height=64, ending=".avif")
    paths = {"moving.avif": heif.sequence(7, still, 64), "both.avif": heif.with_sequence(7, still, 64)}
    with open(still, "rb") as file:
        paths["still.avif"] = file.read()
    source = {name: write(folder, name, data) for name, data in paths.items()}
    for name, pipeline in (("moving.avif", "jpeg"), ("moving.avif", "webp"), ("both.avif", "webp")):
        for done in (once(place, pipeline, source[name])[1], explained(place, pipeline, source[name])[1]):
            assert done.returncode == 1
            assert "an animation of 7 frames (AVIF or HEIF image sequence)" in done.stderr, done.stderr
    # The still picture in it is a picture.
    for name, pipeline in (("both.avif", "jpeg"), ("still.avif", "webp")):
        _, done = once(place, pipeline, source[name])
        assert done.returncode == 0, done.stderr


def gif(frames):
    """Of such frames: (0 or 1 for black or white, hundredths of a second)."""
    out = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(3) + b"\xff\xff\xff"
    for white, time in frames:
        out += b"\x21\xf9\x04\x04" + struct.pack("<H", time) + bytes(2)
        out += b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02" + (b"\x4c" if white else b"\x44") + b"\x01\x00"
    return out + b"\x3b"


def times(path):
    """Of a GIF's frames."""
    with open(path, "rb") as file:
        return [struct.unpack("<H", time)[0] for time in re.findall(rb"\x21\xf9\x04.(..).\x00(?=\x2c)", file.read(), re.DOTALL)]


def test_equal_frames_are_shown_as_long_as_they_were(place, folder):
    """libvips 8.16 joins those that follow one another; nothing else may be lost, and none that differs is joined."""
    shown = [(0, 7), (0, 8), (0, 9), (1, 20), (1, 30), (0, 5)]
    source = write(folder, "a.gif", gif(shown))
    assert times(source) == [time for _, time in shown]
    place.pipeline("gif", "outputs: [{name: \"{stem}.gif\"}]\n")
    out, done = once(place, "gif", source)
    assert done.returncode == 0, done.stderr
    assert times(os.path.join(out, "a.gif")) in ([7, 8, 9, 20, 30, 5], [24, 50, 5])
    assert split(os.path.join(out, "a.gif"), place.path("stage", "g")) in (6, 3)


def test_frames_count_where_they_are_written(place, folder):
    long, longer = write(folder, "long.gif", gif([(n % 2, 10) for n in range(200)])), write(folder, "longer.gif", gif([(n % 2, 10) for n in range(5000)]))
    out, done = once(place, "jpeg", long, longer)
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(out)) == ["long.jpg", "longer.jpg"]
    for done in (once(place, "webp", long)[1], explained(place, "webp", long)[1]):
        assert done.returncode == 1
        assert "200 frames or pages, above the limit of 64 (limits: frames)" in done.stderr
    for shipped in ("web", "mono"):
        out, done = once(place, os.path.join(SHIPPED, f"{shipped}.yaml"), long)
        assert done.returncode == 0, done.stderr
    assert split(os.path.join(out, "long.gif"), place.path("stage", "g")) == 200
    # Up to 8.15 libvips sees 4,097 of them, and the others would be lost.
    if explained(place, "jpeg", longer)[0]["source"]["pages"] < 5000:
        place.pipeline("many", "limits: {frames: 100000}\noutputs: [{name: a.webp}]\n")
        _, done = once(place, "many", longer)
        assert done.returncode == 1
        assert "an animation of 5000 frames, of which libvips reads" in done.stderr


QUICK = {"avif": ", effort: 0", "heic": ", effort: 0", "webp": ", effort: 0", "jxl": ", effort: 3", "png": ", compression: 1"}
SAVERS = ["jpg", "png", "webp", "tif", "avif", "heic", "gif", "jp2", "jxl"]
PACKED = ["jpeg", "webp", "zstd"]


def test_every_loader_goes_into_every_saver(place, pictures, folder):
    """And what was written can be read again."""
    outputs = [f"{{name: \"{{stem}}-{ending}.{ending}\"{QUICK.get(ending, '')}}}" for ending in SAVERS]
    outputs += [f"{{name: \"{{stem}}-{kind}.tif\", compression: {kind}}}" for kind in PACKED]
    allow = "allow: [svg, pdf, jp2k, jxl, fits, exr, ppm, vips, rad]\n"
    place.pipeline("all", f"{allow}outputs: [{', '.join(outputs)}, {{name: \"{{stem}}.dzi\"}}]\n")
    place.pipeline("again", f"{allow}outputs: [{{name: \"{{stem}}.{{ext}}.tif\"}}]\n")
    sources = files(folder, pictures)
    for ending in ("jpg", "png", "webp", "tif", "avif", "heic", "gif"):
        for bands, depth in ((3, 8), (1, 8)) + (((4, 16),) if ending == "png" else ()):
            name = f"{ending}{bands}x{depth}.{ending}"
            sources[name] = os.path.join(folder, name)
            shutil.copyfile(pictures.picture(width=60, height=44, bands=bands, depth=depth, ending=f".{ending}"), sources[name])
    out, done = once(place, "all", *sources.values())
    assert done.returncode == 0, done.stderr
    made = [os.path.join(out, name) for name in os.listdir(out) if os.path.isfile(os.path.join(out, name))]
    assert len(made) == len(sources) * (len(SAVERS) + len(PACKED))
    _, done = once(place, "again", *made)
    assert done.returncode == 0, done.stderr


def test_the_pages_thumbnail_of_a_pyramid(make_mill, pictures, folder):
    """It was made of the smallest level, of some pixels."""
    mill = make_mill({"x": "outputs: [{name: a.tif, pyramid: true, tile_width: 64, tile_height: 64}]\n"})
    mill.start(workers=1)
    mill.drop(pictures.picture(width=1200, height=900), "x", "a.png")
    mill.wait_idle(done=1, failed=0)
    address = mill.jobs()[0]["outputs"][0]["thumb"]

    def thumb():
        status, _, body = mill.get(address)
        return body if status == 200 else None

    path = write(folder, "thumb.jpg", wait_until(thumb, "a thumbnail"))
    width, height = map(int, pictures.raw(path, folder).split()[:2])
    assert (width, height) == (320, 240)
