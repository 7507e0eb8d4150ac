# SPDX-License-Identifier: GPL-2.0-or-later
"""A spool is a file that workers have open: whoever decodes a stranger's picture may cut it short, and the master must not die of it."""
import os
import subprocess

import pytest

from badsync import BadSync
from trouble import HOOKS, Trouble
from waiting import wait_until

TURNED = {"turned": "steps: [{rotate: 90}, {blur: 2}]\noutputs: [{name: \"{stem}.png\"}]\n"}
CUT = "steps: [invert]\noutputs: [{name: \"{stem}.png\"}]\n"
MARKED = "steps: [{watermark: {image: \"LOGO\", opacity: 0.5}}]\noutputs: [{name: \"{stem}.png\"}]\n"
# What is larger than the queue goes in parts, and parts come together in a spool where they are more than 4 MiB. A partition of this broker has 5.
PARTS = {"payload": "inline", "property": "queue.buffering.max.kbytes=1200"}
# Such a worker reads no asset from a path.
FAR = {"DROPMILL_TEST_NO_ASSET_FILES": "1"}


def spools(pid, folder):
    """Descriptors of nameless files below this folder; SQLite's journal is one for a moment."""
    found = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{number}"
        try:
            name = os.readlink(path)
        except OSError:
            continue
        if name.startswith(folder) and name.endswith(" (deleted)") and "history.db" not in name:
            found.append(path)
    return found


def test_a_spool_that_is_cut_short_ends_no_mill(make_mill, pictures, tmp_path):
    """In a worker's place; over shared memory and with pixels that the master sends itself."""
    photo = pictures.picture(width=3000, height=2400, ending=".png")
    # The codec that writes to it dies of SIGBUS, as it may: this is no fault that a sanitizer should report.
    asan = {name: f"{text}:handle_sigbus=0" for name, text in os.environ.items() if name == "ASAN_OPTIONS"}
    for payload in ("shm", "inline"):
        mill = make_mill(TURNED, binary=HOOKS)
        trouble = Trouble(tmp_path)
        trouble.order("tile:*:slow20")
        mill.start(workers=2, tile=256, memory="16M", payload=payload, env={**trouble.env, **asan})
        pid = mill.process.pid
        mill.drop(photo, "turned", "a.png")
        for path in wait_until(lambda: spools(pid, os.path.realpath(mill.path("state"))), "a spool"):
            os.truncate(path, 0)
        trouble.order()
        jobs = wait_until(lambda: [job for job in mill.jobs() if job["state"] in ("done", "failed")], "its end")
        assert mill.process.poll() is None
        assert jobs[0]["state"] == "done" or jobs[0]["error"], jobs
        mill.drop(photo, "turned", "b.png")
        mill.wait_output("turned", "b.png")
        mill.stop()


@pytest.mark.skipif(bool(os.environ.get("DROPMILL_SANITIZED")), reason="a sanitizer's own library must be the first that is loaded")
def test_a_spool_that_the_disk_lost_spoils_no_picture(make_mill, pictures, tmp_path, folder):
    """Workers write to it by mapped memory, which is never refused: a failed disk is told to who asks, and the pages read as zeros."""
    photo = pictures.picture(width=1800, height=1300, ending=".png")
    mill = make_mill(TURNED, binary=HOOKS)
    mill.start(workers=2, tile=256)
    mill.drop(photo, "turned", "right.png")
    right = mill.wait_output("turned", "right.png")
    mill.stop()
    # The next try fails, too: it waits for longer, and tells no news.
    state = os.path.realpath(mill.path("state"))
    bad = BadSync(os.path.join(folder, "rules"), [("range", 0, 2, f"{state}/")])
    trouble = Trouble(tmp_path)
    trouble.order("tile:*:slow50")
    mill.start(workers=2, tile=256, memory="16M", env={**trouble.env, **bad.environment()})
    mill.drop(photo, "turned", "a.png")
    for path in wait_until(lambda: spools(mill.process.pid, state), "a spool"):
        with open(path, "r+b", buffering=0) as file:
            wait_until(lambda: os.pread(file.fileno(), 8192, 1 << 20).strip(b"\0"), "rows in it")
            size = os.fstat(file.fileno()).st_size
            os.pwrite(file.fileno(), bytes(size - 4096), 4096)
    trouble.order()
    done = mill.wait_output("turned", "a.png")
    with open(right, "rb") as one, open(done, "rb") as other:
        assert one.read() == other.read(), "zeros are no pixels"
    assert bad.failed() == [2] and mill.log().count("the spool file could not be written to disk") == 1
    mill.stop()


def noise(folder, name, width, height):
    path = os.path.join(folder, name)
    subprocess.run(["vips", "gaussnoise", f"{folder}/n.v", str(width), str(height), "--sigma", "60", "--mean", "128"], check=True)
    subprocess.run(["vips", "bandjoin", f"{folder}/n.v {folder}/n.v {folder}/n.v", f"{folder}/n3.v"], check=True)
    subprocess.run(["vips", "cast", f"{folder}/n3.v", f"{path}[compression=none]", "uchar"], check=True)
    return path


@pytest.mark.skipif(bool(os.environ.get("DROPMILL_SANITIZED")), reason="a sanitizer's own library must be the first that is loaded")
@pytest.mark.parametrize("kind", ["tile", "file and asset"])
def test_parts_that_the_disk_lost_spoil_no_picture(cluster, pictures, folder, kind):
    """Whatever is above 4 MiB lies in a file: a tile's pixels, there and back; a picture and its watermark. Who read it asks the disk."""
    source, spools_of_workers = noise(folder, "a.tif", 1210, 1200), os.path.join(folder, "spools")
    os.mkdir(spools_of_workers)
    logo = pictures.picture(width=100, height=80, bands=4, seed=5)
    text, tile = {"tile": (CUT, 1200), "file and asset": (MARKED.replace("LOGO", logo), 4096)}[kind]
    bad = BadSync(os.path.join(folder, "rules"), [("range", 0, 1, f"{os.path.realpath(spools_of_workers)}/"), ("range", 0, 1, "/state/")])
    master = cluster(
        {"p": text}, HOOKS, env={**FAR, **bad.environment(), "TMPDIR": spools_of_workers}, master_env=bad.environment(), tile=tile, **PARTS,
    )
    master.drop(source, "p", "a.tif")
    output = master.wait_output("p", "a.png")
    master.wait_idle(done=1, failed=0)
    assert bad.failed() == [1, int(kind == "tile")], f"what came was used unasked: {master.log()}"
    assert "could not be written to disk" in str(master.json(f"/api/jobs/{master.jobs()[0]['id']}")["timeline"])
    master.drop(source, "p", "b.tif")
    with open(output, "rb") as one, open(master.wait_output("p", "b.png"), "rb") as other:
        assert one.read() == other.read()


def test_a_master_without_room_accuses_no_worker(cluster, folder):
    """A small original with a large result, which another worker would send in vain, too."""
    faults, source = os.path.join(folder, "faults"), os.path.join(folder, "a.tif")
    switch = os.path.join(faults, "spool")
    os.makedirs(faults)
    with open(switch, "wb"):
        pass
    subprocess.run(["vips", "black", f"{source}[compression=none]", "500", "500"], check=True)
    text = "steps: [{resize: {scale: 4.3}}]\noutputs: [{name: \"{stem}.tif\", format: tiff, compression: none}]\n"
    master = cluster({"p": text}, HOOKS, master_env={"DROPMILL_TEST_FAULTS": faults}, count=2, **PARTS)
    master.drop(source, "p", "a.tif")
    wait_until(lambda: "find no room" in str(master.json("api/waiting")), lambda: f"it to wait; {master.log()}")
    os.unlink(switch)
    master.wait_output("p", "a.tif")
    assert master.wait_idle(done=1, failed=0)["tiles"]["retried"] == 0, "another worker was asked for what no worker can help"
