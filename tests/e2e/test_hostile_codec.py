# SPDX-License-Identifier: GPL-2.0-or-later
"""A codec decodes what strangers drop: whatever it says, the master lives, and the picture ends with its reason."""
import os
import shutil
import subprocess

import pytest

from mill import ROOT

CASES = {"early": "its codec ended before its tiles", "tiles": "the codec's plan makes no sense"}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("payload", ["shm", "inline"])
def test_what_a_codec_says_is_not_believed(make_mill, pictures, tmp_path, case, payload):
    mill = make_mill({"m": "steps: [{blur: {sigma: 2}}]\noutputs: [{name: '{stem}.png'}]\non_failure: {attempts: 2}\n"})
    shutil.copy(mill.binary, tmp_path / "dropmill")
    shutil.copy(os.path.join(ROOT, "tests/e2e/hostile_codec.py"), tmp_path / "dropmill-image")
    os.chmod(tmp_path / "dropmill-image", 0o755)
    source = tmp_path / "a.png"
    shutil.copy(pictures.picture(width=900, height=700, ending=".png"), source)
    environment = dict(os.environ, HOSTILE=case, DROPMILL_REAL_IMAGE=mill.binary + "-image")
    done = subprocess.run(
        [tmp_path / "dropmill", "once", mill.path("pipelines", "m.yaml"), source, "--out", tmp_path / "out", "--payload", payload,
         "--tile", "128", "--workers", "1"], capture_output=True, text=True, check=False, timeout=120, env=environment)
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert CASES[case] in done.stderr, done.stderr
    assert not os.path.exists(tmp_path / "out" / "a.png")
