# SPDX-License-Identifier: GPL-2.0-or-later
"""What is dropped while the power may fail, and what must come of it."""
import hashlib
import os
import subprocess

# pipeline -> its definition. Every way that an original can go, files and folders, one output and two.
PIPELINES = {
    "archive": "steps: [grayscale]\noutputs:\n  - {name: \"{stem}.jpg\"}\n  - {name: \"{stem}-t.png\", steps: [{thumbnail: {width: 60, height: 60}}]}\n",
    "delete": "originals: delete\nsteps: [invert]\noutputs:\n  - {name: \"{stem}.png\"}\n  - {name: \"{stem}.tif\"}\n",
    "keep": "originals: keep\nsteps: [invert]\noutputs: [{name: \"{stem}.jpg\"}]\n",
    "over": "originals: delete\non_conflict: overwrite\nsteps: [grayscale]\noutputs: [{name: \"{hash}/{stem}.webp\"}]\n",
    "pyramid": "originals: delete\noutputs: [{name: \"{stem}\", format: dz, tile_size: 128}]\n",
}
BROKEN = "broken"  # stands for a picture that is none
STEM = "stem"
TILE = 300  # the larger pictures are cut, the others go whole


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def tree(folder, hidden=False):
    """{relative name: SHA-256} of the files below a folder; those of hidden names and folders only when asked for."""
    found = {}
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if hidden or not name.startswith(".")]
        for name in names:
            if hidden or not name.startswith("."):
                path = os.path.join(where, name)
                found[os.path.relpath(path, folder)] = digest(path)
    return found


class Scene:
    """Pictures in a folder, and the outputs of each in each pipeline, made by `dropmill once`."""

    def __init__(self, folder, binary, picture):
        self.folder = folder
        self.paths = {}
        os.makedirs(folder)
        for seed in range(4):
            width, height = 90 + 55 * seed, 70 + 61 * seed
            self._make(picture, f"j{seed}.jpg", width, height, seed)
            self._make(picture, f"p{seed}.png", height, width, seed)
        self._make(picture, "large.jpg", 1100, 800, 9)
        self.paths[BROKEN] = os.path.join(folder, "broken.jpg")
        with open(self.paths[BROKEN], "wb") as file:
            file.write(b"\xff\xd8\xff no picture" * 40)
        self.digests = {name: digest(path) for name, path in self.paths.items()}
        self.expected = {
            (pipeline, name): self._outputs(binary, pipeline, text, name) for pipeline, text in PIPELINES.items() for name in self.paths if name != BROKEN
        }

    def _make(self, picture, name, width, height, seed):
        self.paths[name] = os.path.join(self.folder, name)
        subprocess.run(
            [picture, self.paths[name], "--width", str(width), "--height", str(height), "--bands", "3", "--depth", "8", "--seed", str(seed)],
            check=True, stdout=subprocess.DEVNULL,
        )

    def _outputs(self, binary, pipeline, text, name):
        place = os.path.join(self.folder, "expected", pipeline, name)
        os.makedirs(place)
        definition = os.path.join(place, "definition.yaml")
        source = os.path.join(place, STEM + os.path.splitext(name)[1])
        with open(definition, "w", encoding="utf-8") as file:
            file.write(text)
        os.link(self.paths[name], source)
        out = os.path.join(place, "out")
        subprocess.run([binary, "once", definition, source, "--out", out], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return tree(out)

    def outputs(self, drop):
        """{name below out/PIPELINE: SHA-256} of one drop."""
        if drop.picture == BROKEN:
            return {}
        folder, file = os.path.split(drop.name)
        stem = os.path.splitext(file)[0]
        return {os.path.join(folder, path.replace(STEM, stem)): found for path, found in self.expected[drop.pipeline, drop.picture].items()}


class Drop:
    """One picture under one name. told: the drop was acknowledged, its file and folders fsynced; done: the mill's log said so."""

    def __init__(self, pipeline, name, picture):
        self.pipeline, self.name, self.picture = pipeline, name, picture
        self.told = self.done = False
