# SPDX-License-Identifier: GPL-2.0-or-later
"""Files whose header tells colours that libvips does not look at: through both lanes and the thumbnail step they are what the same picture in
plain RGB or grey is. The colours are computed here, by the formats' own formulas."""
import os
import struct

import pytest

import heif
from mill import TOP
from pictures import PICTURE, REFERENCE, run
from waiting import wait_until

PAGES = os.path.join(TOP, "tests", "pages")
WIDTH, HEIGHT = 300, 200
CHAINS = {
    "mono": "steps: [grayscale, {blur: {sigma: 1}}]\noutputs: [{name: '{stem}.png'}]\n",
    "kept": "steps: []\noutputs: [{name: '{stem}.png'}]\n",
    "small": "steps: [{thumbnail: {width: 60}}]\noutputs: [{name: '{stem}.png'}]\n",
}


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def directory(fields, start, following):
    """A little-endian directory of a TIFF at this place of its file: (tag, type, values); what does not fit lies behind it."""
    sizes, formats = {3: 2, 4: 4, 5: 8}, {3: "H", 4: "I", 5: "II"}
    entries, more = struct.pack("<H", len(fields)), b""
    behind = start + 2 + 12 * len(fields) + 4
    for tag, kind, values in fields:
        count = len(values) // (2 if kind == 5 else 1)
        packed = struct.pack("<" + formats[kind] * count, *values)
        if count * sizes[kind] > 4:
            packed, more = struct.pack("<I", behind + len(more)), more + packed
        entries += struct.pack("<HHI", tag, kind, count) + packed.ljust(4, b"\0")
    return entries + struct.pack("<I", behind + len(more) if following else 0) + more


def tiff(pages):
    """(photometric tag, pixels of 3 bytes) for each page, in strips of 10 rows."""
    data = b"II*\0" + struct.pack("<I", 8 + sum(len(pixels) for _, pixels in pages))
    starts = []
    for _, pixels in pages:
        starts.append(len(data))
        data += pixels
    for i, (photometric, pixels) in enumerate(pages):
        row, strips = 3 * WIDTH, HEIGHT // 10
        assert len(pixels) == row * HEIGHT
        fields = [(256, 4, [WIDTH]), (257, 4, [HEIGHT]), (258, 3, [8, 8, 8]), (259, 3, [1]), (262, 3, [photometric]),
                  (273, 4, [starts[i] + 10 * row * s for s in range(strips)]), (277, 3, [3]), (278, 4, [10]),
                  (279, 4, [10 * row] * strips), (284, 3, [1])]
        if photometric == 6:
            fields += [(530, 3, [1, 1]), (532, 5, [0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1])]
        data += directory(fields, len(data), i + 1 < len(pages))
    return data


def ycbcr(seed):
    return bytes(value for y in range(HEIGHT) for x in range(WIDTH)
                 for value in ((x + y * seed) % 256, (x * 2 + 40) % 200 + 28, (y * 3 + seed * 9) % 200 + 28))


def to_rgb(pixels):
    """TIFF 6.0, section 21, with its default coefficients."""
    out = bytearray()
    for i in range(0, len(pixels), 3):
        lum, cb, cr = pixels[i], pixels[i + 1] - 128, pixels[i + 2] - 128
        red, blue = lum + 1.402 * cr, lum + 1.772 * cb
        green = (lum - 0.299 * red - 0.114 * blue) / 0.587
        out += bytes(min(255, max(0, round(value))) for value in (red, green, blue))
    return bytes(out)


def farthest(pictures, got, wanted, scratch):
    """Levels between the two where they differ most."""
    one, other = pictures.raw(got, scratch), pictures.raw(wanted, scratch)
    head, pixels = one.split(b"\n", 1)
    assert head == other.split(b"\n", 1)[0]
    return max(abs(a - b) for a, b in zip(pixels, other.split(b"\n", 1)[1]))


def thumbnail(mill, source):
    """A JPEG; the page may be busy."""
    path = next(f"jobs/{job['id']}/thumb/original?size=160" for job in mill.jobs() if job["source"] == source)

    def shown():
        status, _, body = mill.get(path)
        return body if status == 200 else None

    return wait_until(shown, f"a thumbnail of {source}")


def assert_like(mill, pictures, odd, plain, ending, lanes):
    """What every pipeline makes of the file is what it makes of the plain one, to a level."""
    for pipeline, lane in zip(CHAINS, lanes):
        outputs = []
        for name, data in (("odd", odd), ("plain", plain)):
            mill.drop(write(os.path.join(mill.folder, name), data), pipeline, name + ending)
            outputs.append(mill.wait_output(pipeline, name + ".png"))
        assert farthest(pictures, *outputs, mill.folder) <= 1
        mill.wait_idle(done=2 * list(CHAINS).index(pipeline) + 2)
        assert [job["lane"] for job in mill.jobs() if job["pipeline"] == pipeline] == [lane] * 2
    # What the page shows of the originals.
    shown = [write(os.path.join(mill.folder, name + ".jpg"), thumbnail(mill, name + ending)) for name in ("odd", "plain")]
    assert farthest(pictures, *shown, mill.folder) <= 8  # of JPEG


@pytest.fixture(name="started")
def start(make_mill):
    return make_mill({name: text + "allow: [ppm]\n" for name, text in CHAINS.items()}).start(workers=2, tile=64)


def test_ycbcr_tiff(started, pictures):
    numbers = ycbcr(1)
    assert_like(started, pictures, tiff([(6, numbers)]), tiff([(2, to_rgb(numbers))]), ".tif", ("tiled", "tiled", "whole"))


def test_pgm_of_ten_bits_with_comments(started, pictures):
    numbers = [(x * 7 + y * 3) % 1024 for y in range(HEIGHT) for x in range(WIDTH)]
    odd = f"P2\n# one\n# two\n{WIDTH} {HEIGHT}\n1023\n" + "\n".join(f"{number} #" for number in numbers)
    right = struct.pack(f">{len(numbers)}H", *((2 * number * 65535 + 1023) // 2046 for number in numbers))
    assert_like(started, pictures, odd.encode(), f"P5 {WIDTH} {HEIGHT} 65535\n".encode() + right, ".pgm", ["whole"] * 3)


@pytest.mark.parametrize("depth", [8, 12])
def test_grey_avif(make_mill, folder, pictures, depth):
    """Whatever its matrix says, which has no meaning without colours. Of a limited range, 16 is black and 235 white."""
    mill = make_mill({"grey": "steps: []\noutputs: [{name: '{stem}.png'}]\n"}).start(workers=1)
    clear = os.path.join(folder, "clear.avif")
    run([PICTURE, os.path.join(folder, "a.png"), "--width", "64", "--height", "48", "--bands", "4", "--depth", "8" if depth == 8 else "16"])
    run([REFERENCE, os.path.join(folder, "a.png"), clear])
    plain = None
    for matrix in (6, 0, 1, 2, 8):
        for limited in (False, True):
            name = f"{matrix}-{limited}"
            mill.drop(write(os.path.join(folder, name), heif.grey(clear, 64, 48, matrix, limited)), "grey", name + ".avif")
            head, pixels = pictures.raw(mill.wait_output("grey", name + ".png"), folder).split(b"\n", 1)
            levels = pixels if b"uchar" in head else struct.unpack(f"<{len(pixels) // 2}H", pixels)
            plain = plain or levels
            full, unit = (255, 1) if b"uchar" in head else (65535, 256)
            stretched = [min(full, max(0, round((level - 16 * unit) * full / (219 * unit)))) for level in plain]
            assert list(levels) == (stretched if limited else list(plain)), name


def test_a_page_of_ycbcr_between_others(make_mill, folder, pictures):
    mill = make_mill({"pages": "steps: []\noutputs: [{name: '{stem}.tif'}]\n"}).start(workers=1)
    source = write(os.path.join(folder, "a.tif"), tiff([(2, to_rgb(ycbcr(1))), (6, ycbcr(2)), (2, to_rgb(ycbcr(3)))]))
    mill.drop(source, "pages", "a.tif")
    run([PAGES, "split", mill.wait_output("pages", "a.tif"), os.path.join(folder, "page")])
    for page in range(3):
        plain = write(os.path.join(folder, "plain.tif"), tiff([(2, to_rgb(ycbcr(page + 1)))]))
        assert farthest(pictures, os.path.join(folder, f"page{page}.png"), plain, folder) <= 1
