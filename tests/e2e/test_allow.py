# SPDX-License-Identifier: GPL-2.0-or-later
"""Formats that a definition has to allow: milled as libvips alone would, or failed with the key to add; drawings see no other file."""
import os
import struct

from mill import TOP
from pictures import REFERENCE, run
from waiting import wait_until

PAGES = os.path.join(TOP, "tests", "pages")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="300" height="200">%s</svg>'
SHAPES = b'<rect width="300" height="200" fill="#cde"/><circle cx="150" cy="90" r="70.5" fill="#b33"/><text x="9" y="150">Mill</text>'
# To 8 bits, since a PNG of an EXR's colours would get 16 here and 8 from libvips.
BLUR = "steps: [{blur: {sigma: 1}}, {vips: {operation: colourspace, space: srgb}}]\n"
BLURRED = ["blur:sigma=1", "vips:operation=colourspace,space=srgb"]


def pdf(pages, width=200, height=100):
    kids = " ".join(f"{3 + 2 * number} 0 R" for number in range(pages))
    objects = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {pages}>>"]
    for number in range(pages):
        drawing = f"{number / pages} 0.5 0.2 rg {10 + 5 * number} 20 120 60 re f"
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Contents {4 + 2 * number} 0 R>>")
        objects.append(f"<</Length {len(drawing)}>>stream\n{drawing}\nendstream")
    data, offsets = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj{text}endobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    return data + f"{head}{table}trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(data)}\n%%EOF\n".encode()


def exr(width, height):
    def attribute(name, kind, data):
        return name + b"\0" + kind + b"\0" + struct.pack("<I", len(data)) + data

    box = struct.pack("<4i", 0, 0, width - 1, height - 1)
    channels = b"".join(name + b"\0" + struct.pack("<iB3xii", 2, 0, 1, 1) for name in (b"B", b"G", b"R")) + b"\0"
    head = b"\x76\x2f\x31\x01" + struct.pack("<I", 2) + attribute(b"channels", b"chlist", channels)
    head += attribute(b"compression", b"compression", b"\0") + attribute(b"dataWindow", b"box2i", box)
    head += attribute(b"displayWindow", b"box2i", box) + attribute(b"lineOrder", b"lineOrder", b"\0")
    head += attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1)) + attribute(b"screenWindowCenter", b"v2f", bytes(8))
    head += attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1)) + b"\0"
    lines = [
        struct.pack("<iI", y, 12 * width) + struct.pack(f"<{3 * width}f", *((x * k + y) % 97 / 97 for k in (1, 2, 3) for x in range(width)))
        for y in range(height)
    ]
    first = len(head) + 8 * height
    return head + b"".join(struct.pack("<Q", first + y * len(lines[0])) for y in range(height)) + b"".join(lines)


def files(folder, pictures):
    """name -> path, one of each format that can be made here."""
    made = {"drawing.svg": SVG % SHAPES, "paper.pdf": pdf(1), "light.exr": exr(90, 60)}
    paths = {}
    for name, data in made.items():
        paths[name] = os.path.join(folder, name)
        with open(paths[name], "wb") as file:
            file.write(data)
    for name, ending in (("two.jp2", ".jp2"), ("new.jxl", ".jxl"), ("sky.fits", ".fits"), ("old.ppm", ".ppm"), ("raw.v", ".v")):
        paths[name] = pictures.picture(width=120, height=90, ending=ending)
    return paths


def write(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def kept(name):
    """What an output that keeps the format is called."""
    stem, ending = os.path.splitext(name)
    return name if ending in (".jp2", ".jxl") else f"{stem}.png"


def test_allowed_formats_are_milled_as_libvips_does(make_mill, pictures, folder):
    allow = "allow: [svg, pdf, jp2k, jxl, fits, exr, ppm, vips]\n"
    mill = make_mill({
        "yes": allow + BLUR + 'outputs: [{name: "{stem}.png"}]\n',
        "keep": allow + BLUR,
        "no": BLUR,
        "some": "allow: [svg]\n" + BLUR,
        "pages": 'allow: [pdf]\noutputs: [{name: "{stem}.tif"}]\n',
        "small": "allow: [svg, pdf]\nlimits: {megapixels: 0.03, frames: 2}\n" + BLUR + 'outputs: [{name: "{stem}.tif"}]\n',
    })
    mill.start(workers=2)
    paths = files(folder, pictures)
    for name, path in paths.items():
        mill.drop(path, "yes", name)
        mill.drop(path, "no", name)
    for name in ("drawing.svg", "two.jp2"):
        mill.drop(paths[name], "keep", name)
    # The ending says nothing, and what one pipeline allows is nobody else's.
    mill.drop(paths["paper.pdf"], "some", "drawing.svg")
    mill.drop(paths["drawing.svg"], "some", "paper.pdf")
    mill.drop(write(folder, "book.pdf", pdf(3)), "pages", "book.pdf")
    mill.drop(paths["drawing.svg"], "small", "drawing.svg")
    mill.drop(write(folder, "book.pdf", pdf(3)), "small", "book.pdf")
    mill.wait_idle(done=len(paths) + 4, failed=len(paths) + 3, seconds=120)

    for name, path in paths.items():
        wanted = pictures.reference(path, BLURRED, ".png")
        assert pictures.differing_bytes(mill.out("yes", f"{os.path.splitext(name)[0]}.png"), wanted, folder) == 0, name
        reason = mill.reason("no", name)
        word = {"two.jp2": "jp2k", "raw.v": "vips"}.get(name, name.rpartition(".")[2])
        assert "file, which its pipeline does not allow" in reason and f"add allow: [{word}]" in reason
    assert sorted(os.listdir(mill.out("keep"))) == sorted(kept(name) for name in ("drawing.svg", "two.jp2"))
    assert pictures.differing_bytes(
        mill.out("keep", "drawing.png"), pictures.reference(paths["drawing.svg"], BLURRED, ".png"), folder) == 0
    assert "add allow: [pdf]" in mill.reason("some", "drawing.svg")
    told = {p["name"]: p["allow"] for p in mill.json("/api/pipelines")["pipelines"]}
    assert told["some"] == ["svg"] and told["pages"] == ["pdf"], told
    assert os.listdir(mill.out("some")) == ["paper.png"]
    told = run([PAGES, "split", mill.out("pages", "book.tif"), os.path.join(folder, "page")])
    assert "pages 3" in told
    assert "above the limit of 0.03 (limits: megapixels)" in mill.reason("small", "drawing.svg")
    assert "3 frames or pages, above the limit of 2 (limits: frames)" in mill.reason("small", "book.pdf")

    # The page's thumbnails go by the same list.
    jobs = {(job["pipeline"], job["source"]): job for job in mill.jobs()}

    def thumb(pipeline):
        status, _, body = mill.get(jobs[pipeline, "drawing.svg"]["original"]["thumb"])
        return (status, body) if status != 503 else None

    status, body = wait_until(lambda: thumb("yes"), "a thumbnail")
    assert status == 200 and body[8:12] == b"WEBP"
    status, body = wait_until(lambda: thumb("no"), "that there is none")
    assert status == 404 and b"does not allow" in body


def test_allowed_formats_come_over_the_bus_and_are_not_cut(make_mill, pictures, folder):
    """Libraries that read files only get one in memory, whatever the sandbox forbids; a mill that cuts everything does not cut these."""
    mill = make_mill({"yes": "allow: [svg, pdf, fits, exr]\n" + BLUR + 'outputs: [{name: "{stem}.png"}]\n'})
    mill.start(workers=1, payload="inline", tile=32)
    paths = {name: path for name, path in files(folder, pictures).items() if name in ("drawing.svg", "light.exr", "sky.fits")}
    for name, path in paths.items():
        mill.drop(path, "yes", name)
    mill.wait_idle(done=len(paths), failed=0)
    assert {job["lane"] for job in mill.jobs()} == {"whole"}
    for name, path in paths.items():
        wanted = pictures.reference(path, BLURRED, ".png")
        assert pictures.differing_bytes(mill.out("yes", f"{os.path.splitext(name)[0]}.png"), wanted, folder) == 0, name


def test_a_drawing_sees_no_other_file(make_mill, pictures, folder):
    mill = make_mill({"x": 'allow: [svg]\noutputs: [{name: "{stem}.png"}]\n'})
    mill.start(workers=1)
    beside = pictures.picture(width=60, height=60)
    mill.drop(beside, "x", "beside.png")
    mill.wait_output("x", "beside.png")
    mill.wait_idle(done=1)
    # It is there, and the worker's sandbox lets it be read: only the loader may say no.
    archived = mill.inbox("x", "_done", "beside.png")
    assert os.path.exists(archived)
    write(mill.inbox("x", "_done"), "other.svg", SVG % b'<g id="g"><rect x="200" width="99" height="99"/></g>')
    images = "".join(
        f'<image {attribute}="{place}" width="50" height="50"/>'
        for attribute in ("href", "xlink:href")
        for place in (archived, f"file://{archived}", "../../_done/beside.png", "_done/beside.png", "beside.png", "file:///etc/passwd",
                      "/etc/hostname", "http://127.0.0.1:1/beside.png")
    )
    uses = "".join(f'<use xlink:href="{place}#g"/>' for place in (f"file://{mill.inbox('x', '_done', 'other.svg')}", "../../_done/other.svg"))
    style = f'<style>@import url("file://{archived}");</style>'
    include = '<text y="90"><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/hostname" parse="text"/></text>'
    drawing = write(folder, "refs.svg", SVG % (images + uses + style + include).encode())
    # libvips given a path finds what lies beside it, so that the test means something.
    os.makedirs(os.path.join(folder, "open"))
    open_drawing = write(os.path.join(folder, "open"), "refs.svg", SVG % b'<image href="beside.png" width="50" height="50"/>')
    with open(beside, "rb") as file:
        write(os.path.join(folder, "open"), "beside.png", file.read())
    control = os.path.join(folder, "control.png")
    run([REFERENCE, open_drawing, control])
    entity = b'<!DOCTYPE svg [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + SVG % b'<text y="50">&e;</text>'
    mill.drop(drawing, "x", "refs.svg")
    mill.drop(write(folder, "entity.svg", entity), "x", "entity.svg")
    mill.wait_idle(done=2, failed=1)

    assert any(pictures.raw(control, folder).partition(b"\n")[2])
    assert not any(pictures.raw(mill.out("x", "refs.png"), folder).partition(b"\n")[2])
    with open("/etc/hostname", encoding="utf-8") as file:
        assert file.read().strip() not in mill.reason("x", "entity.svg")
    assert "Entity 'e' not defined" in mill.reason("x", "entity.svg")
