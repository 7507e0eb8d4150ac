# SPDX-License-Identifier: GPL-2.0-or-later
"""pyvips[binary] as a contestant: pyvips_peer.py CHAIN. Says "ready VERSION", then reads lines IN, a tab, OUT until they end."""
import sys

import pyvips

FORMATS = {"resize": {"Q": 80}, "thumbnail": {"Q": 80}, "webp": {"Q": 75}, "avif": {"Q": 50, "compression": "av1"}, "grey": {"Q": 80}}
WIDTHS = {"resize": 1600, "webp": 1600, "avif": 800}


def weighed(image, change):
    """As the mill does it: what is see-through has no say in its neighbours' colours."""
    if not image.hasalpha():
        return change(image)
    return change(image.premultiply()).unpremultiply().cast(image.format)


def chain(name, source):
    if name == "thumbnail":
        return pyvips.Image.thumbnail(source, 320, height=10000000)
    image = pyvips.Image.new_from_file(source, access="sequential")
    if name == "grey":
        return weighed(image.colourspace("b-w"), lambda one: one.gaussblur(3))
    return weighed(image, lambda one: one.resize(WIDTHS[name] / one.width))


def main():
    name = sys.argv[1]
    pyvips.cache_set_max(0)
    print("ready " + ".".join(str(pyvips.version(part)) for part in range(3)), flush=True)
    for line in sys.stdin:
        source, target = line.rstrip("\n").split("\t")
        chain(name, source).write_to_file(target, strip=True, **FORMATS[name])


main()
