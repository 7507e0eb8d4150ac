# SPDX-License-Identifier: GPL-2.0-or-later
"""Each write, fsync and close of a file, and each fsync of a folder, fails once: the outputs are right all the same, and the originals where they
belong. A temp file whose fsync failed has lost its bytes (badsync.c), so that one which is trusted again is seen."""
import os

import pytest

from badsync import BadSync
from waiting import wait_until

TILE = 200  # the large picture is cut, the small one is not
# kind -> definition, picture, which calls fail: the how many-th
KINDS = {
    "two": (
        "steps: [grayscale]\noutputs: [{name: \"{stem}.jpg\"}, {name: \"{stem}.png\"}]\n", "small",
        {"sync": [0, 1], "folder": range(7), "write": [0, 1], "close": [0, 1]},
    ),
    "tiled": (
        "steps: [grayscale]\noutputs: [{name: \"{stem}.jpg\"}, {name: \"{stem}.tif\"}]\n", "large",
        {"sync": [0, 1], "write": [0, 2], "close": [0]},
    ),
    "pyramid": ("originals: delete\noutputs: [{name: \"{stem}\", format: dz, tile_size: 64}]\n", "small", {"sync": [0, 4], "folder": range(0, 10, 2), "close": [1]}),
    "keep": ("originals: keep\nsteps: [invert]\noutputs: [{name: \"{stem}.webp\"}]\n", "small", {"sync": [0], "folder": range(6)}),
    "broken": ("outputs: [{name: \"{stem}.jpg\"}]\n", "broken", {"sync": [0], "folder": range(7), "write": [0]}),
}
NAME = "a.png"


def tree(folder):
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as file:
                found[os.path.relpath(os.path.join(where, name), folder)] = file.read()
    return found


@pytest.mark.skipif(bool(os.environ.get("DROPMILL_SANITIZED")), reason="a sanitizer's own library must be the first that is loaded")
def test_each_call_fails_once(make_mill, pictures, folder):
    cases = {f"{kind}-{call}-{first}": (kind, call, first) for kind, (_, _, calls) in KINDS.items() for call in calls for first in calls[call]}
    texts = {name: KINDS[kind][0] for name, (kind, _, _) in cases.items()}
    texts.update({f"{kind}-clean": text for kind, (text, _, _) in KINDS.items()})
    mill = make_mill(texts)
    rules = [(call, first, 1, f"/{name}/") for name, (_, call, first) in cases.items()]
    bad = BadSync(os.path.join(folder, "rules"), rules)
    broken = os.path.join(folder, "broken.png")
    with open(broken, "wb") as file:
        file.write(b"no picture")
    source = {
        "small": pictures.picture(width=150, height=120, seed=3), "large": pictures.picture(width=500, height=400, seed=4), "broken": broken,
    }
    mill.start(workers=2, tile=TILE, env=bad.environment())
    for name in texts:
        mill.drop(source[KINDS[name.split("-")[0]][1]], name, NAME)
    lost = len([name for name in texts if name.startswith("broken")])
    mill.wait_idle(done=len(texts) - lost, failed=lost, seconds=120)
    wait_until(lambda: not mill.json("api/waiting")["waiting"], lambda: f"nothing to wait: {mill.log()}")
    wanted = {kind: tree(mill.out(f"{kind}-clean")) for kind in KINDS}
    original = {}
    for kind, path in source.items():
        with open(path, "rb") as file:
            original[kind] = file.read()
    for name in texts:
        kind = name.split("-")[0]
        assert tree(mill.out(name)) == wanted[kind], f"{name}: {sorted(tree(mill.out(name)))}\n{mill.log()}"
        left = tree(mill.inbox(name))
        place = {"broken": f"_failed/{NAME}", "keep": NAME, "pyramid": None}.get(kind, f"_done/{NAME}")
        assert bool(left.pop(f"_failed/{NAME}.reason.txt", b"")) == (kind == "broken"), f"{name}: a reason, or none"
        assert left == ({place: original[KINDS[kind][1]]} if place else {}), f"{name}: {sorted(left)}\n{mill.log()}"
    assert "was removed before it was finished" not in mill.log(), f"an output that has its name already was looked for under its old one: {mill.log()}"
    assert "rsync" not in mill.log(), f"who deletes its own folder is no mirror: {mill.log()}"
    missed = [name for name, count in zip(cases, bad.failed()) if not count]
    assert not missed, f"no call came to fail: {missed}"
    mill.stop()
