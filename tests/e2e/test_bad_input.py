# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong is said once, truly, where it can be seen; nothing else is disturbed."""
import os
import shutil
import signal
import socket
import subprocess

import pytest

from conftest import MONO
from pictures import truncated
from waiting import PATIENCE, wait_until

PART = "steps: [invert]\n"


@pytest.fixture
def photo(pictures):
    return pictures.picture(width=640, height=480, ending=".jpg")


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    return path


def bad_files(mill, photo, pictures):
    """name -> (path, words of which one must be in the reason)"""

    def stage(name):
        return mill.path("stage", name)

    png = pictures.picture(width=640, height=480, ending=".png")
    return {
        "empty.jpg": (write(stage("empty.jpg"), b""), ("empty",)),
        "text.jpg": (write(stage("text.jpg"), b"this is no picture\n" * 50), ("not an image",)),
        "cut.jpg": (truncated(photo, stage("cut.jpg")), ("damaged image: the jpeg ends too early (",)),
        "cut.png": (truncated(png, stage("cut.png")), ("damaged image: the png ends too early (",)),
        "head.png": (truncated(png, stage("head.png"), 0.002), ("damaged image: the png ends too early (",)),
    }


def test_bad_files_go_to_failed_with_the_true_reason(make_mill, pictures, photo):
    mill = make_mill({"mono": "wait_empty: 0s\n" + MONO, "other": PART}).start(workers=2)
    bad = bad_files(mill, photo, pictures)
    for name, (path, _) in bad.items():
        mill.drop(path, "mono", name)
        mill.drop(photo, "mono", f"good-{name}.jpg")
    mill.drop(photo, "other", "good.jpg")
    for name, (path, words) in bad.items():
        reason = mill.wait_failed("mono", name)
        assert any(word in reason.lower() for word in words), f"{name}: {reason}"
        assert reason.endswith("\n")
        with open(mill.inbox("mono", "_failed", name), "rb") as kept, open(path, "rb") as dropped:
            assert kept.read() == dropped.read()
        mill.wait_output("mono", f"good-{name}.png")
    mill.wait_output("other", "good.jpg")
    status = mill.wait_idle(done=len(bad) + 1, failed=len(bad))
    failed = {job["source"]: job for job in mill.jobs("&state=failed")}
    assert set(failed) == set(bad)
    for name in bad:
        assert failed[name]["error"] and failed[name]["error"].strip() in mill.reason("mono", name)
    assert status["workers"]["live"] == 2
    assert "error in tile" not in mill.log(), "what libvips says of a picture that fails is in its reason"
    mill.stop()
    outputs = {name for _, _, names in os.walk(mill.out()) for name in names}
    assert outputs == {f"good-{name}.png" for name in bad} | {"good.jpg"}


def test_a_truncated_tiled_picture_leaves_no_output(mill, pictures):
    big = pictures.picture(width=6000, height=4000, ending=".jpg")
    mill.drop(truncated(big, mill.path("stage", "cut.jpg"), 0.6), "mono", "cut.jpg")
    reason = mill.wait_failed("mono", "cut.jpg")
    assert reason.startswith("damaged image: the JPEG ends too early ("), reason
    mill.wait_idle(done=0, failed=1)
    mill.stop()
    assert not [name for _, _, names in os.walk(mill.out()) for name in names]


def test_dropping_a_failed_file_again_is_a_new_job(mill, pictures, photo):
    mill.drop(truncated(photo, mill.path("stage", "x.jpg")), "mono", "x.jpg")
    mill.wait_failed("mono", "x.jpg")
    mill.drop(photo, "mono", "x.jpg")
    mill.wait_idle(done=1, failed=1)
    assert os.path.exists(mill.out("mono", "x.png"))
    assert mill.reason("mono", "x.jpg"), "the file that failed is still there, and so is its reason"


def test_a_failed_file_that_is_mended_in_its_place_and_dropped_again_leaves_no_reason(mill, photo):
    mill.drop(truncated(photo, mill.path("stage", "x.jpg")), "mono", "x.jpg")
    mill.wait_failed("mono", "x.jpg")
    shutil.copyfile(photo, mill.inbox("mono", "_failed", "x.jpg"))
    os.rename(mill.inbox("mono", "_failed", "x.jpg"), mill.inbox("mono", "x.jpg"))
    mill.wait_idle(done=1, failed=1)
    assert os.path.exists(mill.out("mono", "x.png")) and not os.listdir(mill.inbox("mono", "_failed"))


BROKEN = """# a comment
description: broken on purpose
outputs:
  - name: "{stem}.png"
steps:
  - grayscale
  - blurr: {sigma: 3}
"""


def test_a_broken_definition_disables_only_itself(make_mill, photo):
    mill = make_mill({"mono": MONO, "x": BROKEN}).start(workers=1)
    message = "x.yaml:7:5: unknown operation 'blurr'; did you mean 'blur'?"
    assert sum(message in line for line in mill.lines) == 1, mill.log()
    views = {view["name"]: view for view in mill.json("/api/pipelines")["pipelines"]}
    assert message in views["x"]["error"]
    assert not views["mono"]["error"]
    mill.drop(photo, "mono", "a.jpg")
    mill.wait_output("mono", "a.png")


def test_a_definition_mended_while_running_comes_alive_and_one_broken_keeps_its_last_good_version(make_mill, photo):
    mill = make_mill({"mono": MONO, "x": BROKEN}).start(workers=1)
    mill.pipeline("x", BROKEN.replace("blurr", "blur"))
    wait_until(lambda: not view(mill, "x")["error"], "the mended definition", 20)
    mill.drop(photo, "x", "a.jpg")
    mill.wait_output("x", "a.png")
    mill.pipeline("mono", BROKEN)
    wait_until(lambda: view(mill, "mono")["error"], "the error of the broken one", 20)
    mill.drop(photo, "mono", "b.jpg")
    mill.wait_output("mono", "b.png")


def view(mill, name):
    return next(v for v in mill.json("/api/pipelines")["pipelines"] if v["name"] == name)


def refused(mill, *words, **options):
    """It does not start: a line that holds every word, exit status not 0, nothing left behind."""
    mill.launch(**options)
    mill.process.wait(30 * PATIENCE)
    mill.reader.join(10)
    assert mill.process.returncode == 1, (mill.process.returncode, mill.log())
    line = next((line for line in mill.lines if all(word in line for word in words)), None)
    assert line, f"no line holds all of {words}:\n{mill.log()}"
    assert len(mill.lines) <= 3, f"one line that says what and what to do, not this:\n{mill.log()}"
    mill.check_clean()


def test_an_original_that_is_removed_while_it_is_in_work_fails_once(make_mill, photo):
    mill = make_mill({"mono": MONO}).start(workers=1)
    worker = mill.pids("worker")[0]
    os.kill(worker, signal.SIGSTOP)
    mill.drop(photo, "mono", "a.jpg")
    wait_until(lambda: mill.status()["jobs"]["running"] == 1, "the job to run")
    shutil.rmtree(mill.inbox("mono", ".dropmill"))
    os.kill(worker, signal.SIGCONT)
    wait_until(lambda: mill.status()["jobs"]["failed"] == 1, lambda: f"it to fail; {mill.log()}")
    assert "removed" in mill.jobs()[0]["error"]
    mill.drop(photo, "mono", "b.jpg")
    mill.wait_idle(done=1, failed=1)
    mill.stop()


def test_port_taken(make_mill):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        refused(make_mill(), address, "--http", workers=1, http=address)


def test_folder_not_writable(make_mill):
    """Root writes everywhere, so the folder cannot be made at all: its parent is a file."""
    mill = make_mill()
    write(mill.path("blocked"), b"a file\n")
    refused(mill, mill.path("blocked"), workers=1, out=mill.path("blocked", "out"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into a folder of mode 0555")
def test_folder_read_only(make_mill):
    mill = make_mill()
    os.chmod(mill.path("out"), 0o555)
    refused(mill, mill.path("out"), workers=1)
    os.chmod(mill.path("out"), 0o755)


@pytest.mark.parametrize("words", [["run", "--no-such-option"], ["run", "--workers", "many"], ["run", "--tile", "-3"],
                                   ["run", "--payload", "pigeon"], ["nonsense"], []])
def test_usage_errors_exit_with_2(make_mill, words):
    mill = make_mill()
    done = subprocess.run([mill.binary, *words], capture_output=True, text=True, timeout=30 * PATIENCE, check=False,
                          cwd=mill.folder, env=mill.environment())
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert done.stderr.strip()
    assert not os.path.exists(mill.path(".dropmill"))


def test_no_definitions_is_said(make_mill):
    mill = make_mill()
    shutil.rmtree(mill.path("pipelines"))
    refused(mill, mill.path("pipelines"), workers=1)
