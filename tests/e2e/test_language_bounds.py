# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever is wrong with a definition, `dropmill check` says where (file:line:column) and ends with 1: every parameter of every
operation in the table below and above its bounds, of the wrong type, unknown, missing; every key of the language; and files that nobody
writes by accident. One process checks many files, so a thousand errors take seconds.
"""
import json
import os
import re
import subprocess

import pytest

import chains
from mill import BINARY
from waiting import PATIENCE

A_PLACE = re.compile(r":(\d+):(\d+): \S")
# A value of every type that YAML has, for what does not take it.
OF_TYPE = {"text": "'much'", "list": "[[]]", "map": "{a: 1}", "null": "null", "number": "0.5", "truth": "true"}
# What a parameter of this type may well accept; anything else must be refused.
TAKES = {
    "integer": set(),
    "number": {"number"},
    "boolean": {"truth"},
    "choice": set(),
    "choices": set(),
    "colour": {"list"},
    "numbers": {"number"},
    "matrix": set(),
    "file": set(),
    "string": {"text", "number", "truth"},
}
KEYS = {
    "description": ("[a]", "{a: 1}"),
    "inbox": ("[a]", "{a: 1}", "''", "../elsewhere", "a//..", '"a\\0b"'),
    "recursive": ("maybe", "3", "[true]"),
    "accept": ("3.5: 1", "{a: 1}", "[[a]]", "[{a: 1}]"),
    "allow": ("{a: 1}", "[[a]]", "svg", "[jpeg]", "[svgg]"),
    "reject": ("{a: 1}", "[[a]]"),
    "steps": ("3", "{a: 1}", "[3]", "[[invert]]", "[{}]", "[{invert: {}, flip: {}}]", "[inverted]", "[null]"),
    "outputs": ("3", "[]", "[3]", "[{name: ''}]", "[{name: ../a.png}]", "[{name: /a.png}]", "[{name: a.png, quality: 3}]",
                "[{name: 'a.jpg', quality: 900}]", "[{name: '{stemm}.jpg'}]", "[{name: '{stem.jpg'}]", "[{name: a.png, steps: 3}]",
                "[{name: a.png}, {name: a.png}]", "[{name: a.png, format: psd}]"),
    "originals": ("burn", "3", "[keep]"),
    "settle": ("-1s", "1 parsec", "[1s]", "1e99s"),
    "prune_folders": ("-1s", "10", "{a: 1}", "often"),
    "wait_empty": ("-1s", "10", "{a: 1}", "never"),
    "limits": ("3", "{megapixels: -1}", "{megapixels: lots}", "{frames: 0.5}", "{seconds: [1]}", "{second: 1}"),
    "priority": ("-1", "10", "0.5", "high"),
    "on_failure": ("3", "{attempts: 0}", "{attempts: 1e9}", "{attempt: 3}"),
    "on_conflict": ("3", "explode", "[rename]"),
    "vars": ("3", "[a]"),
    "priorty": ("5",),
    "Steps": ("[invert]",),
}


def environment():
    """Without our own variables. The leak that GLib's table of quarks is can only be told from others by whole stacks."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("DROPMILL_")}
    if "ASAN_OPTIONS" in env:
        env["ASAN_OPTIONS"] += ":fast_unwind_on_malloc=0"
    return env


def check(folder, files, seconds=60):
    """What `dropmill check` says of {name: text or bytes}: name -> its lines; and the exit status."""
    paths = []
    for name, text in files.items():
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        paths.append(path)
    done = subprocess.run(
        [BINARY, "check", *paths], capture_output=True, cwd=folder, check=False, timeout=seconds * PATIENCE,
        env=environment(),
    )
    assert done.returncode in (0, 1), f"status {done.returncode}: {done.stderr[-2000:].decode(errors='replace')}"
    said = {name: [] for name in files}
    for line in (done.stdout + done.stderr).decode(errors="replace").splitlines():
        found = re.match(re.escape(str(folder)) + r"/([^/:]+)(:.*)", line)
        if found and found.group(1) in said:
            said[found.group(1)].append(found.group(2))
    return said, done.returncode


def assert_all_refused(folder, files):
    """Each with a place inside the file, in one run that ends with 1."""
    said, status = check(folder, files)
    accepted = [f"{name}:\n{files[name]}" for name, lines in said.items() if any(line.startswith(": ok") for line in lines)]
    unplaced = [
        f"{name}: {lines}\n{str(files[name])[:300]}"
        for name, lines in said.items()
        if not any(line.startswith(": ok") for line in lines)
        and not any((place := A_PLACE.match(line)) and int(place[1]) > 0 and int(place[2]) > 0 for line in lines)
    ]
    assert not accepted, f"{len(accepted)} accepted:\n" + "\n".join(accepted[:15])
    assert not unplaced, f"{len(unplaced)} without a place:\n" + "\n".join(unplaced[:15])
    assert status == 1
    return said


def beyond(parameter):
    """Values just outside of a parameter's numbers."""
    low, high = parameter.get("min"), parameter.get("max")
    found = [".nan", ".inf", "-.inf", "1e400"]
    found += [repr(low - max(1, abs(low) * 0.01))] if low is not None else []
    found += [repr(high + max(1, abs(high) * 0.01))] if high is not None else []
    return found


def wrong_values(parameter):
    kind = parameter["type"]
    wrong = [text for name, text in OF_TYPE.items() if name not in TAKES[kind] and not (name == "null" and kind == "string")]
    if kind in ("integer", "number"):
        wrong += beyond(parameter) + [f"[{parameter.get('min', 1)}, 1]"]
    if kind in ("numbers", "matrix"):
        inside = repr(parameter.get("min", 0))
        wrong += [f"[{value}]" if kind == "numbers" else f"[[{value}]]" for value in beyond(parameter)]
        wrong += [f"[{inside}, [{inside}]]", "[]"]
        if parameter.get("count_max"):
            row = [inside] * (parameter["count_max"] + 1)
            wrong.append(f"[{', '.join(row)}]" if kind == "numbers" else f"[{', '.join('[1]' for _ in row)}]")
    if kind == "choice":
        wrong += ["no-such-choice", "''"]
    if kind == "file":
        wrong += ["no-such-file.png", "/", "''"]
    if kind == "colour":
        wrong += ["'#12345'", "bleu", "[1, 2, 3, 4, 5, 6]", "[1, x]", "''"]
    return wrong


def step_files():
    files = {}

    def add(operation, params):
        files[f"s{len(files)}.yaml"] = f"steps:\n  - {operation}: {{{params}}}\n"

    for name, entry in chains.operations().items():
        required = {p["name"]: p for p in entry["parameters"] if p["required"]}
        add(name, "no_such_parameter: 1")
        add(name, "no_such_parameter: [1, {a: b}]")
        for wrong in ("[1, 2, 3, x]",) if entry["parameters"] else ("3", "[1]", "text"):
            files[f"s{len(files)}.yaml"] = f"steps:\n  - {name}: {wrong}\n"
        if required:
            files[f"s{len(files)}.yaml"] = f"steps:\n  - {name}\n"
        for parameter in entry["parameters"]:
            for wrong in wrong_values(parameter):
                add(name, f"{parameter['name']}: {wrong}")
            add(name, f"{parameter['name']}: 1, {parameter['name']}: 1")
    return files


def test_every_parameter_wrong_in_turn(folder):
    files = step_files()
    assert len(files) > 400
    assert_all_refused(folder, files)


def test_libvips_parameters_wrong_in_turn(folder):
    files = {}
    for name in chains.VIPS:
        for parameter in chains.ask(name)[0]["parameters"]:
            wrong = ["{a: 1}"]
            if parameter["type"] in ("integer", "number"):
                wrong += ["much", *(repr(parameter[end] * 10 + sign * 1e300) for end, sign in (("min", -1), ("max", 1)) if end in parameter)]
            if parameter["type"] in ("choice", "boolean"):
                wrong += ["no-such-choice", "[1, 2]"]
            for value in wrong:
                files[f"v{len(files)}.yaml"] = f"steps:\n  - vips: {{operation: {name}, {parameter['name']}: {value}}}\n"
        files[f"v{len(files)}.yaml"] = f"steps:\n  - vips: {{operation: {name}, no_such: 1}}\n"
    files["none.yaml"] = "steps:\n  - vips\n"
    files["unknown.yaml"] = "steps:\n  - vips: {operation: no_such_operation}\n"
    assert_all_refused(folder, files)


def test_every_key_wrong_in_turn(folder):
    files = {
        f"k{number}.yaml": f"{key}: {value}\n" + ("" if key == "steps" else "steps: [invert]\n")
        for number, (key, value) in enumerate((key, value) for key, values in KEYS.items() for value in values)
    }
    assert_all_refused(folder, files)


def test_every_error_of_a_file_is_told(folder):
    text = "priority: 99\noriginals: burn\nsteps:\n  - blur: {sigma: -1}\n  - blurr\n  - flip: 3\nlimits: {second: 1}\n"
    said = assert_all_refused(folder, {"many.yaml": text})
    assert sorted({int(A_PLACE.match(line)[1]) for line in said["many.yaml"] if A_PLACE.match(line)}) == [1, 2, 4, 5, 6, 7]


HOSTILE = {
    "empty": b"",
    "only-comment": b"# nothing\n",
    "scalar": b"just words\n",
    "list": b"- a\n- b\n",
    "two-documents": b"steps: [invert]\n---\nsteps: [flip]\n",
    "deep-lists": b"steps: " + b"[" * 20000,
    "deep-maps": b"".join(b" " * depth + b"a:\n" for depth in range(2000)),
    "deep-flow": b"steps: " + b"{a: " * 20000,
    "ten-megabytes": b"steps:\n" + b"  - blur: {sigma: 1}\n" * 500000,
    "ten-megabytes-of-text": b"description: " + b"x" * 10000000 + b"\nsteps: [inverd]\n",
    "alias-bomb": b"a0: &a0 [x]\n" + b"".join(
        b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 30)) + b"steps: *a29\n",
    "cycle": b"steps: &a\n  - blur: *a\n",
    "cycle-of-two": b"steps: &a [*b]\nvars: &b {x: *a}\n",
    "unknown-alias": b"steps: *nowhere\n",
    "invalid-utf-8": b"description: \xff\xfe\xfd\nsteps: [invert]\n",
    "utf-8-cut": b"steps: [invert]\ndescription: \xc3",
    "surrogate": b"description: \xed\xa0\x80\nsteps: [invert]\n",
    "tabs": b"steps:\n\t- invert\n",
    "duplicate-key": b"steps: [invert]\nsteps: [flip]\n",
    "duplicate-parameter": b"steps:\n  - blur: {sigma: 1, sigma: 2}\n",
    "nul": b"steps: [invert]\n\0description: a\n",
    "nul-in-text": b"description: \"a\\0b\"\ninbox: \"a\\0b\"\nsteps: [invert]\n",
    "control": b"description: \x01\x02\nsteps: [invert]\n",
    "unclosed": b"steps: [invert\n",
    "bad-escape": b"description: \"\\q\"\nsteps: [invert]\n",
    "tag": b"steps: !!python/object:os.system [invert]\npriority: !!int high\n",
    "include-of-itself": b"include: include-of-itself.yaml\nsteps: [invert]\n",
    "include-of-nothing": b"include: nowhere.yaml\nsteps: [invert]\n",
    "include-of-a-device": b"include: /dev/zero\nsteps: [invert]\n",
    "variable-of-itself": b"vars: {a: '${b}', b: '${a}'}\nsteps:\n  - blur: ${a}\n",
    "variable-bomb": b"vars:\n  a0: xxxxxxxxxx\n" + b"".join(
        b"  a%d: '%s'\n" % (n, b"${a%d}" % (n - 1) * 10) for n in range(1, 20)) + b"description: ${a19}\nsteps: [inverd]\n",
    "key-of-a-list": b"? [a, b]\n: c\nsteps: [invert]\n",
    "long-key": b"x" * 100000 + b": 1\nsteps: [invert]\n",
    "many-errors": b"steps:\n" + b"  - blurr\n" * 5000,
    "condition": b"steps:\n  - blur: {sigma: 1, when: '" + b"(" * 5000 + b"'}\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_quickly(folder, name):
    said, status = check(folder, {f"{name}.yaml": HOSTILE[name]}, seconds=15)
    lines = said[f"{name}.yaml"]
    assert status == 1, lines[:3]
    assert lines and A_PLACE.match(lines[0]), f"no place: {lines[:3]}"
    # Each error is told, in words that a person can read; what the file holds is not repeated at length.
    assert sum(map(len, lines)) < 1000 + 200 * HOSTILE[name].count(b"\n"), "a flood of words"


def test_the_generator_generates():
    """Were `ops --json` to lose its bounds, the tests above would pass for nothing."""
    table = json.loads(subprocess.run([BINARY, "ops", "--json"], capture_output=True, check=True, timeout=60).stdout)
    numbers = [p for entry in table for p in entry["parameters"] if p["type"] in ("integer", "number")]
    assert len(numbers) > 20
    assert all("min" in p and "max" in p for p in numbers)
