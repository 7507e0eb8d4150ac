# SPDX-License-Identifier: GPL-2.0-or-later
"""Modes: every output follows the umask alike, whatever its format, its lane and the way that its pixels came; so do folders and reasons."""
import os
import stat

import pytest

from test_once import once

OUTPUTS = "outputs:\n" + "".join(f"  - {{name: '{{stem}}.{ending}'}}\n" for ending in ("jpg", "png", "tif", "webp", "gif")) + (
    "  - {name: '{stem}-{width}.png'}\n  - {name: 'deeper/{stem}.jpg'}\n"
    "  - {name: '{stem}-z', format: dz}\n  - {name: '{stem}-z.zip', format: dz, container: zip}\n"
)


@pytest.fixture
def group_may_write():
    before = os.umask(0o002)
    yield
    os.umask(before)


def modes(top):
    """Of everything below: which modes files have, and which folders."""
    files, folders = {}, {}
    for where, inner, names in os.walk(top):
        for kind, entries in ((folders, inner), (files, names)):
            for name in entries:
                path = os.path.join(where, name)
                kind.setdefault(oct(stat.S_IMODE(os.lstat(path).st_mode)), path)
    return files, folders


def assert_shared(top, folder="0o2775"):
    files, folders = modes(top)
    assert list(files) == ["0o664"], files
    assert list(folders) in ([folder], []), folders


@pytest.mark.parametrize("options", [{}, {"tile": 128}, {"payload": "inline", "tile": 128}], ids=["whole", "tiled", "inline"])
def test_outputs_and_reasons_follow_the_umask(make_mill, pictures, group_may_write, options):
    mill = make_mill({"p": OUTPUTS})
    for folder in (mill.inbox("p"), mill.out("p")):
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o2775)
    mill.start(workers=2, **options)
    mill.drop(pictures.picture(width=700, height=500, ending=".jpg"), "p", "album/a.jpg")
    mill.wait_idle(done=1, failed=0)
    with open(mill.inbox("p", "broken.jpg"), "wb") as file:
        file.write(b"no picture")
    mill.wait_failed("p", "broken.jpg")
    assert_shared(mill.out("p"))
    assert stat.S_IMODE(os.stat(mill.inbox("p", "_failed", "broken.jpg.reason.txt")).st_mode) == 0o664
    assert stat.S_IMODE(os.stat(mill.inbox("p", "_failed")).st_mode) == 0o2775
    mill.stop()


def test_once_follows_the_umask(make_mill, pictures, group_may_write):
    mill = make_mill({"p": OUTPUTS})
    out = mill.path("once")
    done = once(mill, "p", pictures.picture(width=64, height=48, ending=".jpg"), "--out", out)
    assert done.returncode == 0, done.stderr
    assert_shared(out, "0o775")
