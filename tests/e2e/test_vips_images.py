# SPDX-License-Identifier: GPL-2.0-or-later
"""`vips:` with other images by path and matrices: cut, on workers that cannot read the files, and exactly what libvips makes of the whole."""
import os
import subprocess

import pytest

from mill import BINARY, TOP

HOOKS = BINARY if os.environ.get("DROPMILL_SANITIZED") else os.path.join(TOP, "hooks", "dropmill")
CHAIN = os.path.join(TOP, "tests", "chain")
# A worker with this reads no asset from a path, as if it were on another machine.
FAR = {"DROPMILL_TEST_NO_ASSET_FILES": "1"}

STEPS = {
    "insert": "{{operation: insert, sub: {other}, x: 400, y: -20, expand: true}}",
    "difference": "{{operation: subtract, left: {other}}}",
    "choose": "{{operation: ifthenelse, cond: {other}, in2: {other}}}",
    "blend": "{{operation: composite2, overlay: {other}, mode: multiply, x: 100, y: 90}}",
    "array": "{{operation: arrayjoin, in: [{other}], across: 1}}",
    "kernel": "{{operation: conv, mask: {{matrix: [[1, 2, 1], [2, 4, 2], [1, 2, 1]], scale: 16}}, precision: integer}}",
}


def test_other_images_travel_and_tiles_are_exact(make_mill, pictures, folder):
    if not os.path.exists(HOOKS):
        pytest.fail(f"{HOOKS} is not built: make hooks")
    source = pictures.picture(width=1237, height=941, seed=21)
    other = pictures.picture(width=600, height=1000, seed=22, ending=".jpg")
    definitions = {
        name: f"steps:\n  - vips: {step.format(other=other)}\n  - vips: {{operation: cast, format: uchar}}\n"
        'outputs:\n  - {name: "{stem}.png"}\n'
        for name, step in STEPS.items()
    }
    mill = make_mill(definitions, HOOKS).start(workers=2, tile=200, env=FAR)
    for name in STEPS:
        mill.drop(source, name, "a.png")
    for name in STEPS:
        wanted = os.path.join(folder, f"{name}.png")
        definition = mill.path("pipelines", f"{name}.yaml")
        line = "\t".join([definition, source, "a.png", wanted])
        answer = subprocess.run([CHAIN, "make"], input=line + "\n", capture_output=True, text=True, check=True, timeout=60)
        assert answer.stdout.startswith("ok "), answer.stdout
        pictures.assert_same(mill.wait_output(name, "a.png"), wanted, mill.folder, name)
    mill.wait_idle(done=len(STEPS), failed=0)
    assert {job["pipeline"]: job["lane"] for job in mill.jobs()} == {name: "tiled" for name in STEPS}
