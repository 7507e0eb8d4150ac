# SPDX-License-Identifier: GPL-2.0-or-later
"""Workers that open no files: each output comes over the bus, and is what was asked for whatever a condition left out before it."""
import os
import zipfile

import pytest

from trouble import HOOKS, Trouble

NEVER = "when: width > 100000"
HEADS = {
    "jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n", "webp": b"RIFF", "tiff": b"II*\0", "gif": b"GIF8", "avif": b"\0\0\0", "heif": b"\0\0\0",
}


def definition(kind):
    """A left-out file before this kind, and a left-out folder; then one behind it."""
    name = {"dz": '"{stem}-{w}", format: dz', "zip": '"{stem}-{w}.zip", format: dz, container: zip'}.get(kind, f'"{{stem}}-{{w}}.{kind}", format: {kind}')
    lines = ["settle: 50ms", "outputs:"]
    lines.append(f'  - {{name: "{{stem}}-0.png", {NEVER}}}')
    lines.append(f'  - {{name: {name.replace("{w}", "1")}}}')
    lines.append(f'  - {{name: "{{stem}}-2", format: dz, {NEVER}}}')
    lines.append('  - {name: "{stem}-3.png"}')
    lines.append(f'  - {{name: {name.replace("{w}", "4")}, steps: [grayscale]}}')
    return "\n".join(lines) + "\n"


KINDS = ["jpeg", "png", "webp", "tiff", "gif", "avif", "heif", "dz", "zip"]


def assert_kind(kind, path):
    if kind == "dz":
        assert any(name.endswith(".dzi") for name in os.listdir(path)), os.listdir(path)
    elif kind == "zip":
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None and archive.namelist()
    else:
        with open(path, "rb") as file:
            assert file.read(16).startswith(HEADS[kind]), path


def test_every_kind_of_output_after_one_that_a_condition_left_out(cluster, pictures):
    source = pictures.picture(width=160, height=120, ending=".png", seed=3)
    master = cluster({kind: definition(kind) for kind in KINDS})
    for kind in KINDS:
        master.drop(source, kind, "a.png")
    for kind in KINDS:
        ending = {"dz": "", "zip": ".zip"}.get(kind, f".{kind}")
        for number in (1, 4):
            assert_kind(kind, master.wait_output(kind, f"a-{number}{ending}"))
        assert_kind("png", master.wait_output(kind, "a-3.png"))
        assert len(os.listdir(master.out(kind))) == 3, os.listdir(master.out(kind))
    master.wait_idle(done=len(KINDS), failed=0)


def test_the_page_tells_the_steps_of_the_output_that_was_made(cluster, pictures):
    source = pictures.picture(width=160, height=120, ending=".png", seed=3)
    master = cluster({"png": definition("png")})
    master.drop(source, "png", "a.png")
    master.wait_output("png", "a-4.png")
    master.wait_idle(done=1)

    def steps():
        (job,) = master.jobs()
        outputs = master.json(f"/api/jobs/{job['id']}")["outputs"]
        return {output["path"].split("/")[-1]: [step["op"] if "op" in step else step for step in output.get("steps", [])] for output in outputs}

    made = steps()
    assert set(made) == {"a-1.png", "a-3.png", "a-4.png"}
    assert not made["a-1.png"] and not made["a-3.png"] and len(made["a-4.png"]) == 1, made


@pytest.mark.parametrize("kind", ["png", "dz"])
def test_what_is_not_the_output_that_was_asked_for_is_never_done(cluster, folder, pictures, kind):
    trouble = Trouble(folder)
    trouble.order("spoil:bad:x")
    source = pictures.picture(width=160, height=120, ending=".png", seed=3)
    master = cluster({kind: definition(kind)}, HOOKS, trouble.env)
    master.drop(source, kind, "bad.png")
    reason = master.wait_failed(kind, "bad.png")
    assert "given up after" in reason and ("first bytes" in reason or "as a folder" in reason), reason
    assert not os.listdir(master.out(kind))
    master.drop(source, kind, "good.png")
    master.wait_idle(done=1, failed=1)


@pytest.mark.parametrize("tile", [None, 64])
def test_a_worker_that_shares_files_is_not_believed_either(make_mill, folder, pictures, tile):
    """Alone among the lanes, what a tile's worker made is checked by nobody: its pixels are the picture."""
    trouble = Trouble(folder)
    trouble.order("spoil:bad:x")
    mill = make_mill({"p": 'outputs: [{name: "{stem}.jpg"}, {name: "{stem}.webp"}]\n'}, HOOKS).start(workers=1, env=trouble.env, tile=tile)
    mill.drop(pictures.picture(width=160, height=120, ending=".png", seed=3), "p", "bad.png")
    if tile:
        mill.wait_idle(done=1, failed=0)
        return
    reason = mill.wait_failed("p", "bad.png")
    assert "{stem}.jpg: the output is not a jpeg file: its first bytes are those of no known format" in reason, reason
