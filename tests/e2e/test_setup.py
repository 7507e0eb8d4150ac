# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/setup on a machine that is played by stand-ins for apt and dpkg: what it installs, and what it leaves out."""
import os
import re
import subprocess

import pytest

from mill import ROOT

SETUP = os.path.join(ROOT, "tests", "setup")
STANDINS = {
    "id": "echo 0\n",
    "flock": "exit 0\n",
    "dpkg-query": 'case "${!#}" in here) echo "installed " ;; *) exit 1 ;; esac\n',
    # As on a fresh machine: nothing is known before the first update.
    "apt-cache": '[ -e "$LISTS" ] && [ "${!#}" = plugin ] && echo "Package: plugin"\nexit 0\n',
    "apt-get": 'case "$1" in update) touch "$LISTS" ;; *) echo "${@: -2}" > "$ASKED" ;; esac\n',
}


@pytest.fixture
def setup(tmp_path):
    for name, body in STANDINS.items():
        path = tmp_path / name
        path.write_text("#!/bin/bash\n" + body)
        path.chmod(0o755)
    (tmp_path / "build" / ".setup").mkdir(parents=True)
    asked = tmp_path / "asked"

    def run(*packages):
        env = dict(os.environ, PATH=f"{tmp_path}:{os.environ['PATH']}", LISTS=str(tmp_path / "lists"), ASKED=str(asked), SETUP="")
        result = subprocess.run([SETUP, "build", *packages], env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
        return result.returncode, asked.read_text().split() if asked.exists() else []

    return run


def test_a_package_of_some_releases_is_installed_where_it_is_known(setup):
    assert setup("here", "gone", "plugin?", "unknown?") == (0, ["gone", "plugin"])


def test_nothing_is_asked_for_when_all_is_there(setup):
    assert setup("here", "unknown?") == (0, [])


def test_the_package_needs_what_the_build_needs():
    """Build-Depends of the Debian package has the list "build", without what every build of a package has, and without parts of some releases."""
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as file:
        wanted = re.search(r"^DEBIAN_build := (.*)$", file.read().replace("\\\n", " "), re.M).group(1).split()
    with open(os.path.join(ROOT, "src", "dist", "debian", "control"), encoding="utf-8") as file:
        found = re.findall(r"^ ([\w.+-]+)", file.read().split("\n\n")[0], re.M)
    assert {name for name in wanted if not name.endswith("?")} - {"gcc", "libc6-dev", "make"} <= set(found)


@pytest.mark.parametrize("options, profiles", [("nocheck", "nocheck"), ("parallel=2 nocheck", "nocheck"), ("", "")])
def test_a_package_that_is_not_tested_needs_no_test_packages(tmp_path, options, profiles):
    """The option alone leaves the tests out, and still asks for libcmocka-dev: that is the profile's to say."""
    standin = tmp_path / "dpkg-buildpackage"
    standin.write_text('#!/bin/sh\necho "profiles:${DEB_BUILD_PROFILES# }:" && exit 1\n')
    standin.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "DEB_BUILD_OPTIONS": options, "DEB_BUILD_PROFILES": ""}
    done = subprocess.run([os.path.join(ROOT, "src", "dist", "deb"), "1.0", tmp_path / "deb"], env=env, capture_output=True, text=True, check=False)
    assert f"profiles:{profiles}:" in done.stderr, done.stderr
