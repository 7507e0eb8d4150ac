# SPDX-License-Identifier: GPL-2.0-or-later
"""`dropmill ops --schema`: an editor that uses it takes what dropmill takes, and marks the usual slips."""
import glob
import json
import os
import re
import subprocess

import jsonschema
import pytest
import yaml

from mill import BINARY, ROOT

NEW = """
include: [parts/common.yaml]
vars: {w: 2000, on: true}
accept: [jpeg, "*.tif"]
reject: ["*-draft*"]
allow: [svg, openslide]
limits: {megapixels: 10, bytes: 200MB}
on_failure: {attempts: 5}
steps:
  - autorotate
  - resize: "${w}"
  - {blur: {sigma: 2}, when: width > 3000}
  - when: not has_alpha
    steps: [grayscale, {include: parts/sharpen.yaml}]
  - vips: {operation: sobel}
  - gaussblur: 3
  - flip:
outputs:
  - {name: a.jpg, quality: "${q:-80}", when: format == "png"}
  - {format: png, steps: [invert]}
"""

WRONG = [
    "allow: [svgg]\nsteps: [invert]",
    "stepz: [invert]",
    "steps: [blurr]",
    "steps: [{blurr: 3}]",
    "steps: [{blur: {sigm: 3}}]",
    "steps: [{blur: {sigma: 900}}]",
    "steps: [{blur: much}]",
    "steps: [{resize: {width: 3.5}}]",
    "steps: [{resize: {width: 3, fit: covr}}]",
    "steps: invert",
    "outputs: []",
    "outputs: [{nam: a.jpg}]",
    "outputs: [{name: a.jpg, quality: 101}]",
    "originals: archiv",
    "priority: 10",
    "settle: 500",
    "wait_empty: 10",
    "on_failure: {attempts: 0}",
]


@pytest.fixture(scope="module")
def validator():
    text = subprocess.run([BINARY, "ops", "--schema"], capture_output=True, text=True, check=True).stdout
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def faults(validator, text):
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(yaml.safe_load(text))]


@pytest.mark.parametrize("path", sorted(glob.glob(os.path.join(ROOT, "pipelines", "*.yaml"))), ids=os.path.basename)
def test_shipped_definitions_are_right(validator, path):
    with open(path, encoding="utf-8") as file:
        assert not faults(validator, file.read())


def documents():
    return [os.path.join(ROOT, "README.md"), *sorted(glob.glob(os.path.join(ROOT, "src", "dist", "doc", "**", "*.md"), recursive=True))]


def definitions_in(path):
    """The examples of a document that are definitions: its blocks of YAML."""
    with open(path, encoding="utf-8") as file:
        return re.findall(r"```yaml\n(.*?)```", file.read(), re.DOTALL)


EXAMPLES = [(os.path.basename(path), text) for path in documents() for text in definitions_in(path)]


@pytest.mark.parametrize("text", [text for _, text in EXAMPLES], ids=[name for name, _ in EXAMPLES])
def test_definitions_in_the_documents_are_right(validator, text):
    assert not faults(validator, text)


@pytest.mark.parametrize("text", [text for _, text in EXAMPLES], ids=[name for name, _ in EXAMPLES])
def test_check_accepts_the_definitions_in_the_documents(folder, text):
    os.makedirs(os.path.join(folder, "parts"))
    for name, part in (("house.yaml", "priority: 4\n"), ("finish.yaml", "- sharpen\n")):
        with open(os.path.join(folder, "parts", name), "w", encoding="utf-8") as file:
            file.write(part)
    path = os.path.join(folder, "example.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    done = subprocess.run([BINARY, "check", path], capture_output=True, text=True, check=False, cwd=folder, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_documents_have_examples_and_the_whole_language_is_right(validator):
    assert {name for name, _ in EXAMPLES} >= {"README.md", "definition.md"}
    assert not faults(validator, NEW)


@pytest.mark.parametrize("text", WRONG)
def test_slips_are_marked(validator, text):
    assert faults(validator, text)


def test_every_operation_is_there_under_each_of_its_names(validator):
    listed = json.loads(subprocess.run([BINARY, "ops", "--json"], capture_output=True, text=True, check=True).stdout)
    for operation in listed:
        for name in [operation["name"], *operation["aliases"]]:
            assert not faults(validator, json.dumps({"steps": [name, {name: {}}]})), name
