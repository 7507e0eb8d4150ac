# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures that are larger than what fits on the way at once, to and from workers that share nothing with the master: they pass, or end with the
reason. What is large is small here: the local queue takes one part and a half."""
import json
import subprocess

from mock_broker import beats
from waiting import wait_until

# A file as it is on the disk and as it is made; never cut.
RAW = "settle: 50ms\noutputs:\n  - {name: \"{stem}.tif\", format: tiff, compression: none}\n"
SMALL_QUEUE = "queue.buffering.max.kbytes=1200"


def raw_picture(folder, name, width, height, kind="uchar"):
    path = f"{folder}/{name}"
    # Noise, so that nothing is small by being packed.
    subprocess.run(["vips", "gaussnoise", f"{path}.v", str(width), str(height), "--sigma", "60", "--mean", "128"], check=True)
    subprocess.run(["vips", "cast", f"{path}.v", f"{path}[compression=none]", kind], check=True)
    return path


def test_an_original_and_a_result_larger_than_the_queue(cluster, folder):
    source = raw_picture(folder, "a.tif", 2150, 2150)  # 4.6 MB: by way of a spool file; a partition of this broker has 5
    master = cluster({"raw": RAW}, property=SMALL_QUEUE)
    master.drop(source, "raw", "a.tif")
    output = master.wait_output("raw", "a.tif", seconds=20)
    subprocess.run(["vips", "subtract", source, output, f"{folder}/d.v"], check=True)
    assert float(subprocess.check_output(["vips", "max", f"{folder}/d.v"])) == 0 == float(subprocess.check_output(["vips", "min", f"{folder}/d.v"]))
    status = master.wait_idle(done=1, failed=0)
    assert status["tiles"]["retried"] == 0, master.log()  # at the first try: nothing was thrown away on the way
    assert "Queue full" not in master.log() + master.worker.log()


def test_what_no_worker_takes_is_in_failed_with_the_reason(cluster, folder):
    source = raw_picture(folder, "a.tif", 3000, 3000, "ushort")
    master = cluster({"raw": RAW}, property=SMALL_QUEUE, worker_options={"spool": "16M"})
    master.drop(source, "raw", "a.tif")
    reason = master.wait_failed("raw", "a.tif")
    assert "cannot take the task: it has 18.0" in reason and "at most 16.8" in reason and "--spool" in reason, reason


def test_what_no_master_takes_is_in_failed_with_the_reason(cluster, folder):
    """A small original becomes a large result."""
    source = raw_picture(folder, "a.tif", 500, 500)
    text = RAW.replace("outputs:", "steps: [{resize: {scale: 8.4}}]\noutputs:")
    master = cluster({"raw": text}, property=SMALL_QUEUE, spool="16M")
    master.drop(source, "raw", "a.tif")
    reason = master.wait_failed("raw", "a.tif")
    assert "its result cannot be used: it has 17.6" in reason and "at most 16.8" in reason, reason


def test_a_task_that_is_never_answered_ends(make_mill, pictures):
    """A worker that is idle for ever, whatever it is sent: attempts count, though nothing comes of them."""
    with beats() as (address, worker):
        master = make_mill({"raw": RAW + "on_failure: {attempts: 1}\n"}).start("master", brokers=address)
        wait_until(lambda: [one["state"] for one in master.workers()] == ["live"], lambda: f"the worker; {master.workers()}")
        master.drop(pictures.picture(width=60, height=40, ending=".png", seed=3), "raw", "a.png")
        reason = master.wait_failed("raw", "a.png")
        assert "given up after 1 try" in reason and "never answered" in reason, reason
        (job,) = master.jobs()
        told = [entry for entry in master.json(f"/api/jobs/{job['id']}")["timeline"] if "never answered" in json.dumps(entry)]
        assert len(told) >= 3 and worker, told
        master.stop()
