# SPDX-License-Identifier: GPL-2.0-or-later
"""Every format and option, cut into tiles or not, is the same file; several pages go through the chain one by one; pyramids; metadata."""
import filecmp
import os
import zipfile

import pytest

from mill import TOP
from pictures import REFERENCE, run
from waiting import wait_until

PAGES = os.path.join(TOP, "tests", "pages")

# One output each: every saver with every option that might make it ask for rows twice or out of order.
SAVED = """
  - {name: "{stem}.jpg", quality: 82}
  - {name: "{stem}-p.jpg", progressive: true, optimise: true, subsampling: "4:4:4"}
  - {name: "{stem}-r.jpg", restart_interval: 8}
  - {name: "{stem}.png", filter: all, compression: 1}
  - {name: "{stem}-p.png", palette: true, effort: 1, compression: 1}
  - {name: "{stem}-i.png", interlace: true, compression: 1}
  - {name: "{stem}-b.png", bitdepth: 2, effort: 1}
  - {name: "{stem}-w.png", bitdepth: 16, compression: 0}
  - {name: "{stem}-l.webp", lossless: true, effort: 0}
  - {name: "{stem}.webp", quality: 50, effort: 1}
  - {name: "{stem}.tif"}
  - {name: "{stem}-t.tif", tiled: true, compression: deflate}
  - {name: "{stem}-p.tif", pyramid: true, compression: jpeg}
  - {name: "{stem}-f.tif", subifd: true, compression: lzw, tile_width: 64, tile_height: 32}
  - {name: "{stem}-z.tif", compression: zstd, bigtiff: true}
  - {name: "{stem}.avif", effort: 0}
  - {name: "{stem}.heic", effort: 0}
  - {name: "{stem}.gif", effort: 1}
  - {name: "{stem}.jp2"}
  - {name: "{stem}.jxl", effort: 3}
  - {name: "{stem}.dzi"}
  - {name: "{stem}-g", format: dz, layout: google, centre: true}
  - {name: "{stem}-i", format: dz, layout: iiif3, id: "https://x.example/y"}
  - {name: "{stem}-z", format: dz, layout: zoomify, suffix: .png}
"""


def tree(folder):
    """Every file below it, by its name from there."""
    return sorted(
        os.path.relpath(os.path.join(where, name), folder) for where, _, files in os.walk(folder) for name in files
    )


def assert_same_trees(one, other):
    assert tree(one) == tree(other)
    wrong = [name for name in tree(one) if not filecmp.cmp(os.path.join(one, name), os.path.join(other, name), False)]
    assert not wrong


def only_job(mill):
    jobs = mill.jobs()
    assert len(jobs) == 1
    return jobs[0]


def mill_one(make_mill, definition, source, name, **options):
    mill = make_mill({"x": definition})
    mill.start(**{"workers": 2, **options})
    mill.drop(source, "x", name)
    mill.wait_idle(done=1, failed=0, seconds=120)
    return mill


def test_cut_or_whole_is_the_same_file(make_mill, pictures):
    source = pictures.picture(width=521, height=389, ending=".png")
    definition = f"steps: [invert]\noutputs:{SAVED}"
    whole = mill_one(make_mill, definition, source, "a.png")
    cut = mill_one(make_mill, definition, source, "a.png", tile=128)
    assert only_job(whole)["lane"] == "whole"
    assert only_job(cut)["lane"] == "tiled"
    assert len(os.listdir(whole.out("x"))) == SAVED.count("name:")
    assert_same_trees(whole.out("x"), cut.out("x"))


def test_a_large_file_is_the_same_whoever_packs_it(make_mill, pictures):
    """Several cores pack parts of it, or one worker all of it; JPEG and TIFF are what libvips writes, PNG has strips of its own."""
    source = pictures.picture(width=1600, height=1300, ending=".png")
    definition = ("steps: [invert]\noutputs:\n  - {name: a.jpg}\n  - {name: a.png, compression: 2}\n"
                  "  - {name: strips.tif, compression: lzw}\n  - {name: tiles.tif, compression: deflate, tiled: true}\n")
    whole = mill_one(make_mill, definition, source, "a.jpg")
    cut = mill_one(make_mill, definition, source, "a.jpg", tile=256)
    assert only_job(whole)["lane"] == "whole"
    assert only_job(cut)["lane"] == "tiled"
    spent = cut.json(f"/api/jobs/{only_job(cut)['id']}")["spent"]["codec"]
    assert (spent["strips"] >= 8) == (len(os.sched_getaffinity(0)) > 1)
    assert_same_trees(whole.out("x"), cut.out("x"))


def split(path, prefix):
    """(pages, delays, loop) of a file; its pages become PREFIX0.png, PREFIX1.png ..."""
    told = dict(line.partition(" ")[::2] for line in run([PAGES, "split", path, prefix]).splitlines())
    return int(told["pages"]), [int(word) for word in told["delay"].split()], int(told["loop"])


@pytest.fixture
def animation(pictures, folder):
    """animation(ending) is a file of four pages."""

    def make(ending):
        pages = [pictures.picture(width=160, height=120, seed=seed) for seed in range(1, 5)]
        path = os.path.join(folder, f"animation{ending}")
        run([PAGES, "join", path, *pages, "--delay", "40"])
        return path

    return make


STEPS = "steps:\n  - blur: {sigma: 1}\n  - resize: {width: 90}\n"
CHAIN = ["blur:sigma=1", "resize:width=90"]


@pytest.mark.parametrize("ending", [".gif", ".webp", ".tif"])
@pytest.mark.parametrize("plane", ["shm", "inline"])
def test_each_page_is_what_a_single_picture_would_be(make_mill, pictures, animation, ending, plane):
    source = animation(ending)
    mill = mill_one(
        make_mill,
        f"{STEPS}outputs:\n  - {{name: a.tif}}\n  - {{name: a.webp, lossless: true, effort: 0}}\n  - {{name: a.gif}}\n"
        "  - {name: a.png}\n  - {name: one.webp, pages: first, lossless: true}\n",
        source, f"a{ending}", payload=plane,
    )
    count, _, _ = split(source, mill.path("stage", "in"))
    assert count == 4
    for name in ("a.tif", "a.webp"):
        pages, delays, loop = split(mill.out("x", name), mill.path("stage", "out"))
        assert pages == 4
        if ending != ".tif" and name == "a.webp":
            assert (delays, loop) == ([40, 80, 120, 160], 3)
        for page in range(4):
            wanted = mill.path("stage", f"wanted{page}.png")
            run([REFERENCE, mill.path("stage", f"in{page}.png"), wanted, *CHAIN])
            got = pictures.raw(mill.path("stage", f"out{page}.png"), mill.folder).split(b"\n", 1)
            told = pictures.raw(wanted, mill.folder).split(b"\n", 1)
            # A WebP whose pages are opaque comes back without alpha, or with an opaque one.
            if got[0] == told[0]:
                assert got[1] == told[1], f"{name}, page {page}"
            else:
                assert name == "a.webp", (got[0], told[0])
    assert split(mill.out("x", "a.gif"), mill.path("stage", "gif"))[0] == 4
    assert pictures.raw(mill.out("x", "a.png"), mill.folder).startswith(b"90 68 "), "the first page"
    assert split(mill.out("x", "one.webp"), mill.path("stage", "one"))[0] == 1
    heights = {output["path"].rsplit("/", 1)[-1]: output["height"] for output in only_job(mill)["outputs"]}
    assert len(set(heights.values())) == 1, "the height of a page, not of all of them"


def test_pages_count_together(make_mill, pictures, folder):
    """limits: megapixels is for all that is read."""
    pages = [pictures.picture(width=64, height=48, seed=seed) for seed in (1, 2)]
    path = os.path.join(folder, "two.tif")
    run([PAGES, "join", path, *pages])
    mill = make_mill({"x": "steps: [invert]\nlimits: {frames: 64, megapixels: 0.005}\noutputs:\n  - {name: a.tif}\n"})
    mill.start(workers=1)
    mill.drop(path, "x", "two.tif")
    reason = mill.wait_failed("x", "two.tif")
    assert "2 frames or pages are 0.006144 megapixels together, above the limit of 0.005" in reason
    assert "pages: first" in reason


def test_a_pyramid_is_one_picture(make_mill, pictures, folder):
    """The smaller copies in a TIFF pyramid are no pages of a document."""
    source = pictures.picture(width=1000, height=700)
    first = mill_one(make_mill, "outputs:\n  - {name: p.tif, pyramid: true}\n", source, "a.png")
    again = mill_one(make_mill, "steps: [invert]\noutputs:\n  - {name: q.tif}\n", first.out("x", "p.tif"), "p.tif")
    assert split(again.out("x", "q.tif"), again.path("stage", "q"))[0] == 1
    pictures.assert_same(again.out("x", "q.tif"), pictures.reference(source, ["invert"], ".png"), again.folder)


def fields(path):
    return run([PAGES, "fields", path]).split()


@pytest.mark.parametrize("tile", [None, 128])
def test_metadata_survives_as_told(make_mill, pictures, tile):
    source = pictures.picture(width=400, height=300, ending=".jpg", orientation=6)
    mill = mill_one(
        make_mill,
        "steps: [invert]\noutputs:\n  - {name: all.jpg}\n  - {name: all.png}\n  - {name: none.jpg, strip: true}\n"
        "  - {name: icc.webp, keep: [icc]}\n  - {name: none.webp, strip: true}\n  - {name: exif.tif, keep: exif}\n",
        source, "a.jpg", tile=tile,
    )
    assert only_job(mill)["lane"] == ("tiled" if tile else "whole")
    for name in ("all.jpg", "all.png", "exif.tif"):
        assert "orientation=6" in fields(mill.out("x", name)), name
    for name in ("none.jpg", "icc.webp", "none.webp"):
        assert "orientation=1" in fields(mill.out("x", name)), name


def test_a_pyramid_is_replaced_whole(make_mill, pictures):
    """The same original dropped again: the folder holds the new pyramid alone, and nothing lies beside it."""
    mill = make_mill({"x": "outputs:\n  - {name: \"{stem}.dzi\"}\n"})
    mill.start(workers=1)
    mill.drop(pictures.picture(width=700, height=500, seed=1), "x", "a.png")
    mill.wait_idle(done=1, failed=0)
    assert os.path.exists(mill.out("x", "a.dzi", "a_files", "10", "2_1.jpeg"))
    mill.drop(pictures.picture(width=200, height=100, seed=2), "x", "a.png")
    mill.wait_idle(done=2, failed=0)
    assert not os.path.exists(mill.out("x", "a.dzi", "a_files", "10"))
    assert os.path.exists(mill.out("x", "a.dzi", "a.dzi"))
    wait_until(lambda: os.listdir(mill.out("x")) == ["a.dzi"], lambda: os.listdir(mill.out("x")), 10)


def test_a_folder_of_somebody_else_stays(make_mill, pictures):
    """A pyramid never replaces a folder that it did not make; the page says that it is a folder."""
    mill = make_mill({"x": "outputs:\n  - {name: \"{stem}\", format: dz}\n"})
    os.makedirs(mill.out("x", "a"))
    with open(mill.out("x", "a", "mine.txt"), "w", encoding="ascii") as file:
        file.write("mine")
    mill.start(workers=1)
    mill.drop(pictures.picture(width=200, height=100, seed=2), "x", "a.png")
    mill.wait_idle(done=1, failed=0)
    assert os.listdir(mill.out("x", "a")) == ["mine.txt"]
    assert sorted(os.listdir(mill.out("x", "a-2"))) == ["a-2.dzi", "a-2_files"]
    status, _, body = mill.get(f"/jobs/{only_job(mill)['id']}/output/0")
    assert status == 404 and b"folder of tiles" in body


def test_a_pyramid_over_the_bus(make_mill, pictures):
    source = pictures.picture(width=500, height=300)
    definition = "outputs:\n  - {name: \"{stem}.dzi\"}\n  - {name: \"{stem}.zip\", format: dz, suffix: .png}\n"
    near = mill_one(make_mill, definition, source, "a.png")
    far = mill_one(make_mill, definition, source, "a.png", payload="inline")
    assert_same_trees(near.out("x", "a.dzi"), far.out("x", "a.dzi"))
    with zipfile.ZipFile(far.out("x", "a.zip")) as archive:
        assert "a/a.dzi" in archive.namelist()
        assert archive.testzip() is None


def test_a_limit_of_the_format_is_told_before_the_work(make_mill, pictures):
    mill = make_mill({"x": "steps:\n  - resize: {width: 20000, height: 300, fit: fill}\noutputs:\n  - {name: a.webp}\n"})
    mill.start(workers=1)
    mill.drop(pictures.picture(width=200, height=100), "x", "a.png")
    reason = mill.wait_failed("x", "a.png")
    assert "20000 x 300 pixels are too many for webp, which takes 16383 each way; add a resize" in reason
