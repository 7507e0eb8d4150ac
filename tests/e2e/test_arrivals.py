# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that come slowly, in the ways of uploaders, scanners and shares: they are taken when they are whole."""
import os
import shutil
import subprocess
import sys

import pytest

from waiting import wait_until

SERVICE, UPLOADER = 47011, 47012
OPEN_ELSEWHERE = "open for writing by another program"
# Half of the file, then a pause until told, with the file open all the time: a stalled network.
STALLED = """
import sys
data, file = open(sys.argv[1], "rb").read(), open(sys.argv[2], "wb", buffering=0)
file.write(data[: len(data) // 2])
sys.stdin.readline()
file.write(data[len(data) // 2 :])
"""


def waiting_for(mill, path):
    return [file["why"] for file in mill.json("api/waiting")["waiting"] if file["path"] == path]


@pytest.fixture
def service(make_mill, folder):
    """A mill that runs as the shipped unit sets it up: a user of its own, no capability. Others may write into its inbox."""
    if os.geteuid() != 0:
        if os.environ.get("CI"):
            raise AssertionError("only root can run a mill as another user")
        pytest.skip("only root can run a mill as another user")
    mill = make_mill()
    os.chmod(folder, 0o755)
    os.makedirs(mill.inbox("mono"))
    mill.run_as(SERVICE)
    for where, folders, files in os.walk(mill.folder):
        for name in ["."] + folders + files:
            os.chown(os.path.join(where, name), SERVICE, SERVICE)
    os.chmod(mill.inbox("mono"), 0o2777)
    return mill.start(workers=2)


def test_a_stalled_upload_of_another_user_is_milled_whole(service, pictures):
    names = ["up.png", "up.jpg", "up.tif"]
    uploads = []
    for name in names:
        source = service.path("stage", name)
        shutil.copyfile(pictures.picture(width=300, height=200, ending=os.path.splitext(name)[1]), source)
        uploads.append(subprocess.Popen(
            [sys.executable, "-c", STALLED, source, service.inbox("mono", name)],
            user=UPLOADER, group=UPLOADER, extra_groups=[], stdin=subprocess.PIPE,
        ))
    for name in names:
        path = service.inbox("mono", name)
        wait_until(lambda: waiting_for(service, path) == [OPEN_ELSEWHERE], f"{name} to wait for its writer")
    for upload in uploads:
        upload.communicate(b"\n")
        assert upload.returncode == 0
    service.wait_idle(done=len(names), failed=0)
    for name in names:
        kept = service.inbox("mono", "_done", name)
        wait_until(lambda: os.path.exists(kept), kept)
        assert os.path.getsize(kept) == os.path.getsize(service.path("stage", name))


def test_a_mirror_into_an_inbox_is_warned_of(mill, pictures):
    """rsync --delete deletes the mill's folders, which the sender does not have. Once is enough; who renames one is no mirror."""
    warning, inbox, sender = "rsync --delete", mill.inbox("mono"), mill.path("sender")
    os.mkdir(sender)
    shutil.copyfile(pictures.picture(), os.path.join(sender, "a.png"))
    mirror = ["rsync", "-r", sender + "/", inbox]
    subprocess.run(mirror, check=True)
    mill.wait_idle(done=1)
    wait_until(lambda: os.path.exists(mill.inbox("mono", "_done", "a.png")), mill.log)
    mill.stop()
    mill.start(workers=2)  # folders that are a minute old, or were there at the start: a younger one may be one that the mill took back
    # What an administrator, or an attacker, does: renamed, a link in its place, and back. The name is hidden: the mill takes what lies in another.
    os.rename(mill.inbox("mono", "_done"), mill.inbox("mono", ".done.old"))
    os.symlink(".done.old", mill.inbox("mono", "_done"))
    os.unlink(mill.inbox("mono", "_done"))
    os.rename(mill.inbox("mono", ".done.old"), mill.inbox("mono", "_done"))
    mill.drop(pictures.picture(seed=2), "mono", "b.png")  # events come in order: those above were heard when this is done
    mill.wait_idle(done=2)
    assert warning not in mill.log()
    for done in (3, 4):  # of all its runs
        subprocess.run(mirror[:2] + ["--delete"] + mirror[2:], check=True)
        wait_until(lambda: warning in mill.log(), mill.log)
        mill.wait_idle(done=done)
    assert mill.log().count(warning) == 1
