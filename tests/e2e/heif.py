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


def grey(path, width, height, matrix, limited):
    """The transparency of an AVIF that libvips wrote, as a grey picture: libvips writes no other AV1 without colours. matrix: by H.273's
    number; limited: its numbers are said to go from 16 to 235 (of 8 bits)."""
    with open(path, "rb") as file:
        data = file.read()
    meta = boxes(boxes(data)[b"meta"][4:])
    base, _, offset, length = struct.unpack_from(">IHII", meta[b"iloc"], 8 + 18 + 4)
    coded = data[base + offset:base + offset + length]
    shared = boxes(meta[b"iprp"])[b"ipco"]
    # The configuration that is monochrome.
    at = next(at for at in range(len(shared)) if shared[at:at + 4] == b"av1C" and shared[at + 6] & 0x10)
    config = shared[at - 4:at + struct.unpack(">I", shared[at - 4:at])[0] - 4]
    colour = box(b"colr", b"nclx", struct.pack(">HHHB", 2, 2, matrix, 0 if limited else 0x80))
    properties = box(b"ipco", size_of(width, height), config, colour)
    links = box(b"ipma", struct.pack(">IH", 1, 1), b"\x03\x01\x82\x03", full=0)

    def about(start):
        return box(
            b"meta", box(b"hdlr", b"\0\0\0\0pict", bytes(13), full=0), box(b"pitm", struct.pack(">H", 1), full=0),
            box(b"iloc", b"\x44\0", struct.pack(">HHHHII", 1, 1, 0, 1, start, len(coded)), full=0),
            box(b"iinf", struct.pack(">H", 1), box(b"infe", struct.pack(">HH", 1, 0), b"av01\0", full=2 << 24), full=0),
            box(b"iprp", properties, links), full=0)

    head = box(b"ftyp", b"avif\0\0\0\0avifmif1miaf")
    return head + about(len(head) + len(about(0)) + 8) + box(b"mdat", coded)


def movie(frames, picture):
    """A track of so many frames, each of them one coded picture (its bytes, its properties, its side, where it lies in the file), 40 ms
    long. libheif reads such tracks from 1.20 on, and refuses a file whose track lacks a box."""
    coded, properties, side, start = picture
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    entry = box(b"av01", bytes(6), struct.pack(">H16xHHIIIH32xHh", 1, side, side, 0x480000, 0x480000, 0, 1, 24, -1), properties[b"av1C"])
    table = box(
        b"stbl", box(b"stsd", struct.pack(">I", 1), entry, full=0), box(b"stts", struct.pack(">III", 1, frames, 40), full=0),
        box(b"stsc", struct.pack(">4I", 1, 1, 1, 1), full=0), box(b"stsz", struct.pack(">II", len(coded), frames), full=0),
        box(b"stco", struct.pack(">I", frames), struct.pack(">I", start) * frames, full=0))
    media = box(
        b"mdia", box(b"mdhd", struct.pack(">IIIIHH", 0, 0, 1000, 40 * frames, 0x55C4, 0), full=0),
        box(b"hdlr", b"\0\0\0\0pict", bytes(13), full=0),
        box(b"minf", box(b"vmhd", bytes(8), full=1), box(b"dinf", box(b"dref", struct.pack(">I", 1), box(b"url ", full=1), full=0)), table))
    track = box(b"tkhd", struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, 40 * frames, 0, 0, 0, 0), matrix, struct.pack(">II", side << 16, side << 16), full=3)
    head = struct.pack(">IIIIIH10x", 0, 0, 1000, 40 * frames, 0x10000, 0x100) + matrix + bytes(24) + struct.pack(">I", 2)
    return box(b"moov", box(b"mvhd", head, full=0), box(b"trak", track, media))


def sequence(frames, path, side):
    """An animation without a still picture, of the AVIF at path."""
    coded, properties = picture_of(path)
    head = box(b"ftyp", b"avis\0\0\0\0avismsf1miaf")
    return head + box(b"mdat", coded) + movie(frames, (coded, properties, side, len(head) + 8))


def with_sequence(frames, path, side):
    """That AVIF's still picture, and an animation of it behind."""
    coded, properties = picture_of(path)
    with open(path, "rb") as file:
        still = file.read()
    return still + movie(frames, (coded, properties, side, still.index(coded)))
