# SPDX-License-Identifier: GPL-2.0-or-later
"""Originals that stay in their inbox are milled once, and outputs know whose they are, on whatever disk they lie; what a person put there
is never touched."""
import os
import shutil
import tempfile

import pytest

KEEP = {"k": "originals: keep\nsteps: [grayscale]\noutputs: [{name: \"{stem}.png\"}]\n"}


@pytest.fixture
def photo(pictures):
    return pictures.picture(width=64, height=48, ending=".png", seed=5)


@pytest.fixture
def other_disk():
    """Another device, where this machine has one: inodes are others in any case."""
    folder = tempfile.mkdtemp(prefix="kept-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)  # others look for names of the mill's there
    yield folder
    shutil.rmtree(folder)


def pipeline(mill):
    return mill.json("/api/pipelines")["pipelines"][0]


def nothing_more_comes(mill, done):
    """A picture that is dropped last is the only one that is taken besides."""
    mill.wait_idle(done=done + 1, failed=0)
    assert mill.json("/api/waiting")["total"] == 0


def move_inbox(mill, place):
    """As a disk that is mounted anew, or a larger one: the same files at other numbers."""
    shutil.copytree(mill.inbox("k"), os.path.join(place, "k"))
    shutil.rmtree(mill.inbox("k"))
    os.symlink(os.path.join(place, "k"), mill.inbox("k"))


def test_an_inbox_on_another_disk_is_not_milled_again(make_mill, photo, other_disk):
    mill = make_mill(KEEP).start(workers=1)
    names = [f"{i}.png" for i in range(6)]
    for name in names:
        mill.drop(photo, "k", name)
    mill.wait_idle(done=6, failed=0)
    mill.stop()
    move_inbox(mill, other_disk)
    mill.start(workers=1)
    assert pipeline(mill)["kept"] == 6
    mill.drop(photo, "k", "new.png", how="copy")
    nothing_more_comes(mill, 6)
    assert sorted(name for name in os.listdir(mill.inbox("k")) if name[0] != ".") == names + ["new.png"]
    assert b'dropmill_kept_originals{pipeline="k"} 7' in mill.get("/metrics")[2]
    mill.stop()


def test_a_picture_that_is_dropped_again_or_replaced_is_milled(make_mill, photo, pictures):
    mill = make_mill(KEEP).start(workers=1)
    a = mill.inbox("k", "a.png")
    shutil.copy2(photo, a)
    output = mill.wait_output("k", "a.png")
    mill.wait_idle(done=1, failed=0)
    os.unlink(a)
    os.unlink(output)
    shutil.copy2(photo, a)
    mill.wait_output("k", "a.png")
    mill.wait_idle(done=2, failed=0)
    os.rename(a, mill.inbox("k", "paris.png"))
    mill.wait_output("k", "paris.png")
    mill.wait_idle(done=3, failed=0)
    # Another picture with the same name, size, time and inode.
    before = os.stat(mill.inbox("k", "paris.png"))
    changed = bytearray(open(photo, "rb").read())
    changed[-1] ^= 1  # of the CRC of PNG's last chunk, which no decoder needs
    with open(mill.inbox("k", "paris.png"), "r+b") as file:
        file.write(changed)
    os.utime(mill.inbox("k", "paris.png"), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert os.stat(mill.inbox("k", "paris.png")).st_ino == before.st_ino
    mill.wait_idle(done=4, failed=0)
    mill.stop()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


@pytest.mark.parametrize("policy, second", [("rename", "a-2.png"), ("overwrite", "a-2.png"), ("skip", None), ("fail", None)])
def test_a_persons_own_file_stays_whatever_the_ledger_says(make_mill, photo, policy, second):
    mill = make_mill({"p": f"on_conflict: {policy}\n" + KEEP["k"].replace("keep", "archive")}).start(workers=1)
    mill.drop(photo, "p", "a.png")
    output = mill.wait_output("p", "a.png")
    mill.wait_idle(done=1, failed=0)
    os.unlink(output)
    write(output, "mine")
    mill.drop(photo, "p", "a.png")
    if policy == "fail":
        mill.wait_failed("p", "a.png")
        mill.wait_idle(done=1, failed=1)
    else:
        mill.wait_idle(done=2, failed=0)
    assert open(output, encoding="utf-8").read() == "mine"
    assert set(os.listdir(mill.out("p"))) == {"a.png", second} - {None}
    mill.stop()


@pytest.mark.parametrize("how", [["-a"], ["-r", "--preserve=timestamps"]], ids=["with-marks", "without"])
def test_outputs_that_were_copied_elsewhere_are_known_there(make_mill, photo, other_disk, how):
    mill = make_mill({"p": KEEP["k"].replace("keep", "archive")}).start(workers=1)
    mill.drop(photo, "p", "a.png")
    mill.wait_idle(done=1, failed=0)
    mill.stop()
    larger = os.path.join(other_disk, "out")
    assert os.spawnlp(os.P_WAIT, "cp", "cp", *how, mill.path("out"), larger) == 0
    mill.start(workers=1, out=larger)
    mill.drop(photo, "p", "a.png")
    mill.wait_idle(done=2, failed=0)
    assert os.listdir(os.path.join(larger, "p")) == ["a.png"]
    mill.stop()
