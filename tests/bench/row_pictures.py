# SPDX-License-Identifier: GPL-2.0-or-later
"""Row 1: one large picture, rename to output, in a running mill of two workers; JPEG, PNG, tiled TIFF; and a thumbnail."""
import os

import peers
from measure import Skip, in_turn, timed
from rig import BARE

# The mill's own grayscale is faster than libvips' colourspace, with the same bytes. What cutting, sharing and encoding are worth by
# themselves shows when the mill, too, calls libvips for it.
SAME_WORK = "steps: [{vips: {operation: colourspace, space: b-w}}, {blur: 3}]\noutputs: [{name: \"{stem}.jpg\"}]\n"
THUMBNAIL = "steps: [{thumbnail: {width: 2000}}]\noutputs: [{name: \"{stem}.jpg\"}]\n"


def picture(rig, ending, title):
    source = rig.large(ending)
    peer_output = rig.path(f"peer-{ending}.jpg")
    with rig.dropper(rig.mill(f"mill-{ending}")) as dropper:
        # The peer goes first in each round, for its output is what ours is compared with.
        turns = {
            "bare libvips process": lambda i: timed([BARE, source, peer_output])[0],
            "dropmill": lambda i: dropper.drop_and_check(source, f"l{i}", peer_output),
        }
        for name, command in (("OpenCV process", peers.opencv), ("GraphicsMagick process", peers.graphicsmagick)):
            try:
                words = command(source, rig.path("other.jpg"))
                turns[name] = lambda i, words=words: timed(words)[0]
            except Skip as why:
                rig.skip(1, f"{title}: {name}", why)
        values = in_turn(rig.rounds, turns, slow=["GraphicsMagick process"])
    rig.row(1, title, "s", {"dropmill": values.pop("dropmill"), **values}, target=1.00)
    os.unlink(peer_output)


def same_work(rig, title):
    source = rig.large()
    peer_output = rig.path("peer-same.jpg")
    with rig.dropper(rig.mill("mill-same", SAME_WORK)) as dropper:
        values = in_turn(rig.rounds, {
            "bare libvips process": lambda i: timed([BARE, source, peer_output])[0],
            "dropmill": lambda i: dropper.drop_and_check(source, f"v{i}", peer_output),
        })
    rig.row(1, title, "s", {"dropmill": values.pop("dropmill"), **values}, target=1.00,
            note="both sides call the same libvips operations; the rows above have the mill's own, faster grayscale")


def thumbnail(rig):
    source = rig.large()
    peer_output = rig.path("peer-thumbnail.jpg")
    with rig.dropper(rig.mill("mill-thumbnail", THUMBNAIL)) as dropper:
        values = in_turn(rig.rounds, {
            "bare libvips process, vips_thumbnail": lambda i: timed([BARE, source, peer_output, "--thumbnail", "2000"])[0],
            "dropmill": lambda i: dropper.drop_and_check(source, f"t{i}", peer_output),
        })
    rig.row(1, "the JPEG to a thumbnail of 2000 px", "s", {"dropmill": values.pop("dropmill"), **values}, target=1.00)


def run(rig):
    size = "18 MP" if rig.quick else "107 MP"
    picture(rig, "jpg", f"{size} JPEG, running mill, 2 workers")
    picture(rig, "png", f"{size} PNG, running mill, 2 workers")
    picture(rig, "tif", f"{size} tiled TIFF, running mill, 2 workers")
    same_work(rig, f"{size} JPEG, the mill's grey by libvips as well")
    thumbnail(rig)
