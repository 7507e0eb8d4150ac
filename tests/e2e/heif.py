# SPDX-License-Identifier: GPL-2.0-or-later
"""HEIF files that no encoder at hand writes, put together from AV1 pictures that libvips encoded (boxes: ISO/IEC 14496-12 and 23008-12)."""
import struct


def box(kind, *parts, full=None):
    """full: version and flags, for kinds that have them."""
    body = (struct.pack(">I", full) if full is not None else b"") + b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def boxes(data):
    """kind -> body, of boxes that lie side by side."""
    at, found = 0, {}
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found.setdefault(kind, data[at + 8:at + size])
        at += size
    return found


def picture_of(path):
    """The coded picture of an AVIF that libvips wrote, and its properties as boxes."""
    with open(path, "rb") as file:
        data = file.read()
    meta = boxes(boxes(data)[b"meta"][4:])
    # Version 0 with offsets, lengths and base offsets of four bytes; the first item is the picture.
    sizes, _, base, _, offset, length = struct.unpack_from(">HH4xIHII", meta[b"iloc"], 4)
    assert sizes == 0x4440
    properties = boxes(boxes(meta[b"iprp"])[b"ipco"])
    at = base + offset
    return data[at:at + length], {kind: box(kind, properties[kind]) for kind in (b"av1C", b"pixi")}


def size_of(width, height):
    return box(b"ispe", struct.pack(">II", width, height), full=0)


def grid(paths, side, hidden=False):
    """A still picture of 2 x 2 tiles, which four AVIFs of side x side pixels are. hidden: as the standard wants tiles; else each is
    an item that anybody sees, as some programs write them."""
    coded = [picture_of(path) for path in paths]
    data = [struct.pack(">BBBBHH", 0, 0, 1, 1, 2 * side, 2 * side)] + [picture for picture, _ in coded]
    numbers = range(1, len(data) + 1)
    infos = [box(b"infe", struct.pack(">HH", number, 0), b"grid" if number == 1 else b"av01", b"\0",
                 full=2 << 24 | (1 if hidden and number > 1 else 0)) for number in numbers]
    properties = box(b"ipco", size_of(2 * side, 2 * side), size_of(side, side), coded[0][1][b"av1C"], coded[0][1][b"pixi"])
    links = [struct.pack(">H", number) + (b"\x02\x01\x04" if number == 1 else b"\x03\x02\x83\x04") for number in numbers]

    def meta(start):
        places, at = [], start
        for number, part in zip(numbers, data):
            places.append(struct.pack(">HHHII", number, 0, 1, at, len(part)))
            at += len(part)
        return box(
            b"meta", box(b"hdlr", b"\0\0\0\0pict", bytes(13), full=0), box(b"pitm", struct.pack(">H", 1), full=0),
            box(b"iloc", b"\x44\0", struct.pack(">H", len(data)), *places, full=0),
            box(b"iinf", struct.pack(">H", len(data)), *infos, full=0),
            box(b"iref", box(b"dimg", struct.pack(">HH4H", 1, 4, 2, 3, 4, 5)), full=0),
            box(b"iprp", properties, box(b"ipma", struct.pack(">I", len(data)), *links, full=0)), full=0)

    head = box(b"ftyp", b"avif\0\0\0\0avifmif1miaf")
    head += meta(len(head) + len(meta(0)) + 8)
    return head + box(b"mdat", *data)


def movie(frames):
    """The box that says that a file has a track of so many frames. It is enough for who asks whether a file is an animation."""
    table = box(b"stsz", struct.pack(">II", 100, frames), full=0)
    return box(b"moov", box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", table)))))


def sequence(frames):
    """An animation without a still picture."""
    return box(b"ftyp", b"avis\0\0\0\0avismsf1miaf") + movie(frames) + box(b"mdat", bytes(100))
