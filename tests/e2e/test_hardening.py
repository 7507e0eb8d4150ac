# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operator may rely on: secrets stay secret, one mill to an inbox."""
import os
import resource
import subprocess

import pytest

from processes import arguments, marked, role
from trouble import HOOKS, Trouble
from waiting import wait_until

PIPELINE = {"mono": "steps: [grayscale]\n"}
SECRET = "correct-horse-battery"
LONELY = 64517


def test_passwords_are_in_no_command_line_log_or_answer(make_mill, pictures):
    mill = make_mill(PIPELINE)
    with open(mill.path("dropmill.yaml"), "w", encoding="utf-8") as file:
        file.write(f"kafka:\n  sasl.username: mill\n  sasl.password: {SECRET}\n")
    mill.start(config=mill.path("dropmill.yaml"), workers=2)
    picture = pictures.picture(width=60, height=40, ending=".png", seed=3)
    mill.drop(picture, "mono", "a.png")
    mill.wait_output("mono", "a.png")
    pids = marked(mill.mark)
    assert sorted(role(pid) for pid in pids) == ["run", "worker", "worker"]
    for pid in pids:
        assert SECRET not in " ".join(arguments(pid))
    for path in ("", "api/status", "api/workers", "api/jobs", "api/pipelines"):
        assert SECRET.encode() not in mill.get(path)[2]
    mill.stop()
    assert SECRET not in mill.log()


def modes(folder):
    names = ["", "history.db", "history.db-wal", "history.db-shm"]
    return {name: oct(os.stat(os.path.join(folder, name)).st_mode & 0o777) for name in names}


def test_the_state_folder_is_its_users_alone(make_mill):
    """Made so whatever the umask, and closed again at a start; one that holds out/ is left as it is."""
    private = {"": "0o700", "history.db": "0o600", "history.db-wal": "0o600", "history.db-shm": "0o600"}
    before = os.umask(0)
    try:
        mill = make_mill(PIPELINE)
        state = mill.path("new", "state")
        mill.start(workers=1, state=state)
        assert modes(state) == private
        mill.kill_master()
        os.chmod(state, 0o755)
        for name in os.listdir(state):
            if name.startswith("history.db"):
                os.chmod(os.path.join(state, name), 0o644)
        mill.start(workers=1, state=state)
        assert modes(state) == private
        mill.stop()
        os.chmod(state, 0o755)
        mill.start(workers=1, state=state, out=os.path.join(state, "out"))
        assert modes(state) == {**private, "": "0o755"}
        mill.stop()
    finally:
        os.umask(before)


def run_with_few_processes(mill, number, words):
    """As a user who has no others and no privileges: the limit is not for root."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NPROC, (number, number))

    # Looking for leaks takes a process more, and without it a sanitized program ends with the sanitizer's own status.
    env = mill.environment()
    env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return subprocess.run(words, preexec_fn=limit, env=env, cwd=mill.folder, capture_output=True, timeout=30, check=False,
                          **mill.identity())


# 500 are enough for a part of the page; the others have none.
FEW = [(command, number) for command in ("run", "master", "worker", "once") for number in (1, 20)] + [("run", 500), ("master", 500)]


@pytest.mark.parametrize("command, number", FEW)
def test_a_start_with_few_processes_left_ends_and_says_why(make_mill, folder, pictures, command, number):
    """It ended by SIGTRAP, or said "ready" and started workers again and again that could not live."""
    mill = make_mill(PIPELINE)
    os.chmod(folder, 0o755)
    if os.geteuid() == 0:
        mill.run_as(LONELY)
    subprocess.run(["chmod", "-R", "a+rwX", mill.folder], check=True)
    words = mill.arguments(command, {"workers": 2} if command == "run" else {})
    if command == "once":
        picture = pictures.picture(width=60, height=40, ending=".png", seed=3)
        words = [mill.binary, "once", mill.path("pipelines", "mono.yaml"), str(picture), "--out", mill.path("out")]
    if command in ("master", "worker"):
        words += ["--brokers", "127.0.0.1:1"]
    ended = run_with_few_processes(mill, number, words)
    said = ended.stderr.decode()
    assert ended.returncode in (1, 2), said
    assert "threads and processes can be started" in said and "ulimit -u" in said, said


def test_the_second_mill_on_an_inbox_waits_and_says_for_whom(make_mill, pictures):
    first, second = make_mill(PIPELINE), make_mill({**PIPELINE, "free": "steps: [invert]\n"})
    first.start(workers=1)
    second.start(workers=1, watch=first.path("watch"))
    wait_until(lambda: "has this inbox" in second.log(), lambda: f"the complaint; {second.log()}")
    assert f"another dropmill (process {first.process.pid}) has this inbox" in second.log()
    picture = pictures.picture(width=60, height=40, ending=".png", seed=3)
    first.drop(picture, "mono", "a.png")
    first.wait_output("mono", "a.png")
    assert second.status()["jobs"]["done"] == 0
    first.stop()
    first.drop(picture, "mono", "b.png")
    second.wait_output("mono", "b.png")
    second.stop()


def test_an_inbox_in_out_and_out_in_an_inbox_are_refused_by_their_real_path(make_mill, pictures):
    """Outputs that come in again would be milled for ever. Through links, too; other pipelines are on."""
    mill = make_mill(PIPELINE)
    os.makedirs(mill.out("below"))
    os.symlink(mill.out("below"), mill.path("innocent"))
    os.symlink(mill.folder, mill.path("above"))
    mill.pipeline("below", f"inbox: {mill.path('innocent')}\nsteps: [invert]\n")
    mill.pipeline("above", f"inbox: {mill.path('above')}\nsteps: [invert]\n")
    mill.start(workers=1)
    for name in ("below", "above"):
        refused = [line for line in mill.lines if f"{name}.yaml" in line and "lie in one another" in line]
        assert len(refused) == 1, mill.log()
    picture = pictures.picture(width=60, height=40, ending=".png", seed=3)
    mill.drop(picture, "mono", "a.png")
    mill.wait_output("mono", "a.png")
    mill.wait_idle(done=1, failed=0)
    mill.stop()


def state_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def core_limit(pid):
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        return next(line for line in file if line.startswith("Max core file size")).split()[4:6]


@pytest.mark.skipif(bool(os.environ.get("DROPMILL_SANITIZED")), reason="sanitized programs trace themselves")
def test_who_decodes_is_in_a_sandbox(make_mill, pictures):
    """Workers, and the codec of a big picture, while it runs; the master, which decodes nothing, is not."""
    mill = make_mill(PIPELINE).start(workers=2)
    assert "sandbox" not in mill.log()
    big = pictures.picture(width=6000, height=4000, ending=".png")
    mill.drop(big, "mono", "big.png")
    decoding = wait_until(lambda: mill.pids("codec"), "a codec") + mill.pids("worker")
    assert len(decoding) == 3
    wait_until(lambda: all(state_of(pid)["Seccomp"] == "2" for pid in decoding), "the sandbox")
    inside = [state_of(pid) for pid in decoding]
    assert all(core_limit(pid) == ["0", "0"] for pid in decoding)
    assert {(state["NoNewPrivs"], state["Seccomp"]) for state in inside} == {("1", "2")}
    assert state_of(mill.process.pid)["Seccomp"] == "0"
    mill.wait_output("mono", "big.png")
    mill.stop()


@pytest.mark.skipif(bool(os.environ.get("DROPMILL_SANITIZED")), reason="sanitized programs trace themselves")
def test_worker_codec_and_thumbnail_reach_nothing_of_others(make_mill, pictures, tmp_path):
    """The real processes, with a picture in hand; every door is tried one by one in tests/unit/sandbox/test_doors.c."""
    mill = make_mill(PIPELINE, binary=HOOKS)
    secret = mill.path("secret")
    with open(secret, "w", encoding="utf-8") as file:
        file.write("mine")
    os.chmod(secret, 0o600)
    trouble = Trouble(tmp_path)
    trouble.order(*(f"{place}:*:reach={secret}" for place in ("tile", "codec.plan", "codec.decode", "thumbnail")))
    mill.start(workers=1, tile=512, env=trouble.env)
    mill.drop(pictures.picture(width=900, height=700, ending=".png"), "mono", "a.png")
    mill.wait_output("mono", "a.png")
    mill.wait_idle(done=1)
    thumb = mill.jobs()[0]["outputs"][0]["thumb"]
    wait_until(lambda: mill.get(thumb)[0] == 200, "a thumbnail")
    for place in ("tile", "codec.plan", "codec.decode", "thumbnail"):
        wait_until(lambda place=place: f"trouble: {place}: " in mill.log(), f"what {place} reached")
    assert "LET THROUGH" not in mill.log()
    assert os.stat(secret).st_mode & 0o777 == 0o600
    maker = mill.pids("thumbnail")
    assert [state_of(pid)["Seccomp"] for pid in maker] == ["2"]
    assert {int(state_of(pid)["CapEff"], 16) & ~6 for pid in mill.pids("worker") + maker} == {0}
    mill.stop()


@pytest.mark.skipif(bool(os.environ.get("DROPMILL_SANITIZED")), reason="it is off in sanitized programs, and they say so")
def test_a_sandbox_that_is_off_is_said_once(make_mill):
    mill = make_mill(PIPELINE).start(workers=2, env={"DROPMILL_SANDBOX": "off"})
    assert mill.log().count("sandbox of workers: off, as DROPMILL_SANDBOX says") == 1
    assert state_of(mill.pids("worker")[0])["Seccomp"] == "0"
    mill.stop()


def test_a_file_that_waits_says_why(make_mill, pictures):
    """Root reads everything, so what waits here is a socket's neighbour: a name that leads nowhere."""
    mill = make_mill(PIPELINE).start(workers=1)
    os.symlink("/nowhere/at/all", mill.inbox("mono", "lost.png"))
    waiting = wait_until(lambda: mill.json("api/waiting")["waiting"], "the file that waits")
    assert waiting[0]["path"].endswith("/mono/lost.png") and waiting[0]["pipeline"] == "mono"
    assert "link" in waiting[0]["why"], waiting
    assert mill.status()["waiting"] == 1
    text = subprocess.run(
        [mill.binary, "status", "--http", mill.url.split("/")[2]], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    assert "not yet" in text and "lost.png" in text, text
    os.unlink(mill.inbox("mono", "lost.png"))
    wait_until(lambda: mill.status()["waiting"] == 0, "it to be forgotten")
    mill.stop()
