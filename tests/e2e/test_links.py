# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may write in an inbox, or in out/, puts links everywhere: nothing outside changes, and nothing of it is shown."""
import os
import shutil
import threading

import pytest

from conftest import MONO
from waiting import wait_until

STRANGER = 65534
SECRET = b"root:$6$secret:19000:0:99999:7:::\n"


def tree(folder):
    """Every name below, with what it is or holds."""
    found = {}
    for top, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(top, name)
            if os.path.islink(path) or os.path.isdir(path):
                found[path] = os.readlink(path) if os.path.islink(path) else "folder"
            else:
                with open(path, "rb") as file:
                    found[path] = file.read()
    return found


def link(target, path):
    """As a stranger would make it."""
    os.symlink(target, path)
    if os.geteuid() == 0:
        os.lchown(path, STRANGER, STRANGER)


@pytest.fixture
def secret(folder, pictures):
    """A folder of somebody else's, with a file that nobody shall see. It must be the same in the end."""
    path = os.path.join(folder, "secret")
    os.makedirs(os.path.join(path, "sub"))
    for name in ("shadow", "shadow.png", "sub/shadow"):
        with open(os.path.join(path, name), "wb") as file:
            file.write(SECRET)
    shutil.copyfile(pictures.picture(60, 40), os.path.join(path, "private.png"))
    before = tree(path)
    yield path
    assert tree(path) == before


def shared(mill):
    """An inbox that everybody may write to."""
    os.makedirs(mill.inbox("mono"), exist_ok=True)
    os.chmod(mill.inbox("mono"), 0o1777)
    return mill


def waits_because(mill, words):
    def said():
        reasons = [str(entry) for entry in mill.json("/api/waiting")["waiting"]]
        reasons += [str(job.get("error") or "") + str(job.get("waiting_for") or "") for job in mill.jobs()]
        return any(words in reason for reason in reasons)

    wait_until(said, lambda: f"'{words}' as the reason why something waits\n{mill.log()}")


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def test_no_failed_file_goes_through_a_link(make_mill, secret):
    mill = shared(make_mill()).start(workers=1)
    link(secret, mill.inbox("mono", "_failed"))
    write(mill.path("stage", "x"), b"no picture")
    os.rename(mill.path("stage", "x"), mill.inbox("mono", "ld.so.preload"))
    waits_because(mill, "_failed is a link; dropmill does not follow links below an inbox")
    os.unlink(mill.inbox("mono", "_failed"))
    mill.wait_failed("mono", "ld.so.preload")


def test_no_original_is_kept_through_a_link(make_mill, pictures, secret):
    mill = shared(make_mill()).start(workers=1)
    link(secret, mill.inbox("mono", "_done"))
    mill.drop(pictures.picture(60, 40), "mono", "a.png")
    waits_because(mill, "_done is a link; dropmill does not follow links below an inbox")
    assert os.path.exists(mill.out("mono", "a.png"))
    os.unlink(mill.inbox("mono", "_done"))
    mill.wait_idle(done=1)
    assert os.listdir(mill.inbox("mono", "_done")) == ["a.png"]


def test_nothing_is_shown_through_a_link(make_mill, pictures, secret):
    mill = shared(make_mill()).start(workers=1)
    mill.drop(pictures.picture(60, 40), "mono", "shadow.png")
    mill.drop(pictures.picture(60, 40), "mono", "sub/private.png")
    mill.wait_idle(done=2)
    jobs = {os.path.basename(job["source"]): job["id"] for job in mill.jobs()}
    assert mill.get(f"/jobs/{jobs['shadow.png']}/original")[0] == 200
    # The folder of originals, a folder below it, and that of the outputs.
    os.rename(mill.inbox("mono", "_done"), mill.inbox("mono", "_done.old"))
    link(secret, mill.inbox("mono", "_done"))
    os.rename(mill.out("mono", "sub"), mill.out("mono", "old"))
    link(secret, mill.out("mono", "sub"))
    for path in ("original", "thumb/original"):
        status, _, body = mill.get(f"/jobs/{jobs['shadow.png']}/{path}")
        assert status == 404 and SECRET not in body
    for path in ("output/0", "thumb/0"):
        assert mill.get(f"/jobs/{jobs['private.png']}/{path}")[0] == 404


def test_no_file_is_claimed_through_a_link(make_mill, pictures, secret):
    mill = shared(make_mill()).start(workers=1)
    link(secret, mill.inbox("mono", ".dropmill"))
    link(secret, mill.inbox("mono", "sub"))
    mill.drop(pictures.picture(60, 40), "mono", "a.png")
    waits_because(mill, ".dropmill is a link; dropmill does not follow links below an inbox")
    waits_because(mill, "a symbolic link")
    assert os.path.exists(mill.inbox("mono", "a.png"))
    os.unlink(mill.inbox("mono", ".dropmill"))
    os.utime(mill.inbox("mono", "a.png"))
    mill.wait_output("mono", "a.png")
    assert sorted(os.listdir(mill.out("mono"))) == ["a.png"]


def test_no_claim_is_recovered_through_a_link(make_mill, pictures, secret, folder):
    mill = shared(make_mill())
    claims = os.path.join(folder, "claims", "0abcdefgh-1234")
    os.makedirs(claims)
    shutil.copyfile(pictures.picture(60, 40), os.path.join(claims, "private.png"))
    before = tree(os.path.dirname(claims))
    link(os.path.dirname(claims), mill.inbox("mono", ".dropmill"))
    mill.start(workers=1)
    mill.stop()
    os.unlink(mill.inbox("mono", ".dropmill"))
    os.mkdir(mill.inbox("mono", ".dropmill"))
    link(claims, mill.inbox("mono", ".dropmill", "0abcdefgh-1234"))
    os.makedirs(mill.inbox("mono", ".dropmill", "0abcdefgh-5678"))
    link(secret, mill.inbox("mono", ".dropmill", "0abcdefgh-5678", "sub"))
    mill.start(workers=1)
    mill.drop(pictures.picture(60, 40), "mono", "a.png")
    mill.wait_output("mono", "a.png")
    assert tree(os.path.dirname(claims)) == before
    assert os.listdir(mill.out("mono")) == ["a.png"]


@pytest.mark.parametrize("tile", [None, 64], ids=["whole", "tiled"])
def test_no_output_goes_through_a_link(make_mill, pictures, secret, tile):
    text = MONO + "  - {name: \"{stem}-z\", format: dz}\n"
    mill = shared(make_mill({"mono": text}))
    os.makedirs(mill.out("mono"))
    link(secret, mill.out("mono", "sub"))
    link(os.path.join(secret, "shadow"), mill.out("mono", "b.png"))
    mill.start(workers=1, tile=tile)
    mill.drop(pictures.picture(200, 150), "mono", "sub/a.png")
    mill.drop(pictures.picture(200, 150), "mono", "b.png")
    mill.wait_output("mono", "b-2.png")
    waits_because(mill, "sub is a link; dropmill does not follow links below an inbox, out/")
    os.unlink(mill.out("mono", "sub"))
    mill.wait_output("mono", "sub", "a.png")
    mill.wait_idle(done=2)
    assert os.path.islink(mill.out("mono", "b.png"))


def test_a_reason_replaces_a_link_and_is_not_written_through_it(make_mill, secret):
    mill = shared(make_mill())
    os.makedirs(mill.inbox("mono", "_failed"))
    link(os.path.join(secret, "shadow"), mill.inbox("mono", "_failed", "bad.png.reason.txt"))
    mill.start(workers=1)
    write(mill.path("stage", "x"), b"no picture")
    os.rename(mill.path("stage", "x"), mill.inbox("mono", "bad.png"))
    mill.wait_failed("mono", "bad.png")
    assert not os.path.islink(mill.inbox("mono", "_failed", "bad.png.reason.txt"))


def test_folders_that_are_links_all_the_time(make_mill, pictures, secret):
    """Every moment another: whenever the mill looks and whenever it acts."""
    mill = shared(make_mill()).start(workers=2)
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            for name in ("_done", "_failed"):
                path, aside = mill.inbox("mono", name), mill.inbox("mono", f".aside{name}")
                try:
                    if os.path.islink(path):
                        os.unlink(path)
                        if os.path.exists(aside):
                            os.rename(aside, path)
                    else:
                        if os.path.exists(path):
                            os.rename(path, aside)
                        os.symlink(secret, path)
                except OSError:
                    pass  # the mill made the folder meanwhile

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        write(mill.path("stage", "x"), b"no picture")
        for number in range(15):
            mill.drop(pictures.picture(60, 40), "mono", f"shadow{number}.png")
            mill.drop(mill.path("stage", "x"), "mono", f"bad{number}")
        for number in range(15):
            mill.wait_output("mono", f"shadow{number}.png")
    finally:
        stop.set()
        thread.join()
    for name in ("_done", "_failed"):
        if os.path.islink(mill.inbox("mono", name)):
            os.unlink(mill.inbox("mono", name))
    mill.wait_idle(done=15, failed=15)


def test_the_operators_own_links_are_followed(make_mill, pictures, folder):
    """An inbox, and a pipeline's folder in out/, may be links; what strangers make of out/'s is not believed."""
    mill = make_mill({"mono": MONO, "other": MONO})
    inbox, disk, theirs = (os.path.join(folder, name) for name in ("inbox", "disk", "theirs"))
    for path in (inbox, disk, theirs):
        os.mkdir(path)
    os.symlink(inbox, mill.inbox("mono"))
    os.symlink(disk, mill.out("mono"))
    if os.geteuid() == 0:
        link(theirs, mill.out("other"))
    mill.start(workers=1)
    mill.drop(pictures.picture(60, 40), "mono", "sub/a.png")
    mill.drop(pictures.picture(60, 40), "other", "a.png")
    mill.wait_output("mono", "sub", "a.png")
    assert os.path.exists(os.path.join(disk, "sub", "a.png"))
    wait_until(lambda: os.path.exists(os.path.join(inbox, "_done", "sub", "a.png")), lambda: "the original in _done")
    if os.geteuid() == 0:
        waits_because(mill, "other is a link")
        assert os.listdir(theirs) == []
        os.unlink(mill.out("other"))
    mill.wait_output("other", "a.png")


@pytest.mark.parametrize("name", ["lock", "history.db"])
def test_nothing_in_the_state_folder_is_written_through_a_link(make_mill, secret, name):
    mill = make_mill()
    os.symlink(os.path.join(secret, "shadow"), mill.path("state", name))
    mill.launch(workers=1)
    wait_until(lambda: mill.process.poll() is not None, lambda: f"the end of the mill\n{mill.log()}")
    mill.reader.join(5)
    assert mill.process.returncode == 1
    assert f"{name} is a link" in mill.log()
    os.unlink(mill.path("state", name))
