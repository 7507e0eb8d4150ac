# SPDX-License-Identifier: GPL-2.0-or-later
"""Row 1 where packing is the work: one large picture into PNG and packed TIFF, and out of packed TIFF, in tiles and in strips."""
import os

from measure import in_turn, timed
from rig import BARE, Rig

CHAIN = "steps: [grayscale, {{blur: 3}}]\noutputs: [{{name: \"{{stem}}{ending}\"{options}}}]\n"


def same_pixels(rig, ours, theirs):
    for path, raw in ((ours, "ours.raw"), (theirs, "theirs.raw")):
        timed(["vips", "rawsave", path, rig.path(raw)])
    Rig.same(rig.path("ours.raw"), rig.path("theirs.raw"))
    for raw in ("ours.raw", "theirs.raw"):
        os.unlink(rig.path(raw))


def row(rig, title, source, ending, options="", peer_options=""):
    peer_output = rig.path(f"peer-packed{ending}")
    mill = rig.mill(f"mill-packed-{len(rig.rows)}", CHAIN.format(ending=ending, options=options))
    with rig.dropper(mill) as dropper:
        def ours(number):
            seconds = dropper.drop(source, f"p{number}", ending=ending)
            output = dropper.out(f"p{number}{ending}")
            same_pixels(rig, output, peer_output)
            os.unlink(output)
            return seconds

        turns = {"bare libvips process": lambda number: timed([BARE, source, peer_output + peer_options])[0], "dropmill": ours}
        values = in_turn(rig.rounds, turns)
    rig.row(1, title, "s", {"dropmill": values.pop("dropmill"), **values}, target=1.00)
    os.unlink(peer_output)


def run(rig):
    size = "18 MP" if rig.quick else "107 MP"
    tiled, strips = rig.path("tiled-deflate.tif"), rig.path("strips-lzw.tif")
    timed(["vips", "tiffsave", rig.large(), tiled, "--compression", "deflate", "--tile", "--tile-width", "256", "--tile-height", "256"])
    timed(["vips", "tiffsave", rig.large(), strips, "--compression", "lzw"])
    row(rig, f"{size} TIFF in tiles packed with deflate", tiled, ".jpg")
    row(rig, f"{size} TIFF in strips packed with LZW", strips, ".jpg")
    row(rig, f"{size} JPEG to PNG", rig.large(), ".png")
    row(rig, f"{size} JPEG to TIFF packed with deflate", rig.large(), ".tif", ", compression: deflate", "[compression=deflate]")
