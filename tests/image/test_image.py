# SPDX-License-Identifier: GPL-2.0-or-later
"""The container image (make image-test): what is in it, and how it runs with a read-only root, without privileges, as process 1."""
import glob
import json
import os
import shutil
import signal
import stat
import subprocess
import tarfile
import time

import pytest

from container import Container, Image

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MEGABYTES = 200


@pytest.fixture(scope="module")
def image():
    made = Image()
    yield made
    made.remove()


@pytest.fixture
def folder(tmp_path):
    """What a user mounts: empty, and the user's own."""
    path = tmp_path / "mill"
    path.mkdir()
    for above in (tmp_path, *list(tmp_path.parents)[:2]):
        above.chmod(0o755)
    os.chown(path, 10001, 10001)
    return path


@pytest.fixture
def run(image, folder):
    """Containers of the test; those that run yet at its end are stopped."""
    made = []

    def start(*command, **options):
        made.append(Container(image, folder, *command, **options))
        return made[-1]

    yield start
    for one in made:
        if os.path.exists(one.bundle):
            one.stop()


def initialised(run, **options):
    one = run("init", **options)
    assert one.process.wait(60) == 0, one.log()
    said = one.log()
    one.end()
    return said


def drop(folder, name, pipeline="mono"):
    """A picture of its own size, moved in as its owner would."""
    staged = folder / f".{name}"
    size = 64 + len(name)
    with open(staged, "wb") as file:
        file.write(b"P6 %d %d 255\n" % (size, size) + os.urandom(size * size * 3))
    subprocess.run(["vips", "copy", str(staged), f"{staged}.png"], check=True, timeout=60)
    os.chown(f"{staged}.png", folder.stat().st_uid, folder.stat().st_gid)
    os.unlink(staged)
    os.rename(f"{staged}.png", folder / "watch" / pipeline / name)


def files_of(image):
    return [os.path.join(top, name) for top, _, names in os.walk(image.root) for name in names]


# ---- what is in it


def test_settings(image):
    config, labels = image.config, image.config["Labels"]
    assert config["User"] == "10001:10001", "a number: Kubernetes checks runAsNonRoot by it"
    assert config["Healthcheck"]["Test"] == ["CMD", "/usr/bin/dropmill", "status", "--health"]
    assert config["StopSignal"] == "SIGTERM" and config["Volumes"] == {"/data": {}} and config["WorkingDir"] == "/data"
    for name in ("title", "description", "version", "created", "licenses", "documentation", "base.name"):
        assert labels[f"org.opencontainers.image.{name}"]


def test_size(image):
    size = sum(os.lstat(path).st_size for path in files_of(image))
    print(f"{size / 1e6:.0f} MB")
    assert size < MEGABYTES * 1_000_000


def test_nothing_to_build_or_install_with(image):
    programs = sorted(os.listdir(f"{image.root}/usr/bin"))
    assert programs == ["dropmill", "dropmill-image", "tini"]
    assert not glob.glob(f"{image.root}/usr/sbin/*") and not os.path.exists(f"{image.root}/var/lib/apt")
    for path in files_of(image):
        if not os.path.islink(path):
            mode = os.stat(path).st_mode
            assert not mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH), f"{path}: {mode:o}"


def test_the_archive_is_loaded_under_the_name_that_compose_asks_for():
    with tarfile.open(os.path.join(ROOT, "build", "image", "dropmill.tar")) as archive:
        names = json.load(archive.extractfile("manifest.json"))[0]["RepoTags"]
    with open(os.path.join(ROOT, "src", "dist", "compose.yaml"), encoding="utf-8") as file:
        wanted = next(line for line in file if "DROPMILL_IMAGE" in line)
    assert any(f"${{DROPMILL_IMAGE:-{name}}}" in wanted for name in names), names


def test_bill_of_materials(image):
    with open(f"{image.root}/usr/share/doc/dropmill/sbom.cdx.json", encoding="utf-8") as file:
        sbom = json.load(file)
    listed = {part["name"]: part for part in sbom["components"] if "purl" in part}
    with open(f"{image.root}/var/lib/dpkg/status", encoding="utf-8") as file:
        status = [line.split()[1] for line in file if line.startswith("Package: ")]
    assert sorted(status) == sorted(listed) and "libvips42t64" in listed and "libmagickcore-7.q16-10" not in listed
    assert listed["libvips42t64"]["purl"].startswith("pkg:deb/debian/libvips42t64@8.16")
    missing = [name for name in status if not os.path.exists(f"{image.root}/usr/share/doc/{name}/copyright")]
    assert missing == [], "packages without their licence"


def test_every_library_is_there(image):
    """Also for modules of libvips and plugins of libheif, which are opened by name: a missing library would only lose their formats."""
    loader = glob.glob(f"{image.root}/usr/lib64/ld-linux-*.so.*")[0].removeprefix(image.root)
    for path in files_of(image):
        if (".so" in os.path.basename(path) or "/usr/bin/dropmill" in path) and not os.path.islink(path) and "/usr/lib/" in path:
            done = subprocess.run(["chroot", image.root, loader, "--list", path.removeprefix(image.root)], capture_output=True, text=True, check=False, timeout=60)
            assert "not found" not in done.stdout, f"{path}:\n{done.stdout}"


# ---- how it runs


def test_an_empty_folder_says_what_to_do(run, folder):
    one = run()
    assert one.process.wait(60) == 2
    assert "    dropmill init\n" in one.log() and list(folder.iterdir()) == []


def test_from_init_to_an_output(run, folder):
    """Read-only root, no capabilities, the engines' filter of system calls; health; process 1; SIGTERM."""
    assert "  dropmill run " in initialised(run)
    one = run().wait_ready()
    assert "sandbox" not in one.log(), one.log()
    assert (one.processes() and min(one.processes())[2]) == "tini"
    drop(folder, "a.png")
    one.wait(lambda: (folder / "out" / "mono" / "a.png").exists(), "output")
    one.wait(lambda: (folder / "watch" / "mono" / "_done" / "a.png").exists(), "original in _done")
    done = one.execute("/usr/bin/dropmill", "status", "--health")
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
    done = one.execute("/usr/bin/dropmill", "status", "--ready")
    assert (done.returncode, done.stdout) == (0, "ready\n"), done.stderr
    made = {entry.stat().st_uid for entry in (folder / "out" / "mono").iterdir()}
    assert made == {10001}
    assert one.stop() == 0
    assert not list((folder / ".dropmill" / "tmp").iterdir()), "temporary files went with it"


@pytest.mark.parametrize("user", ["23456:23456", "0:0"])
def test_as_another_user(run, folder, user):
    uid, gid = (int(part) for part in user.split(":"))
    os.chown(folder, uid, gid)
    initialised(run, user=user)
    one = run(user=user).wait_ready()
    drop(folder, "b.png")
    one.wait(lambda: (folder / "out" / "mono" / "b.png").exists(), "output")
    assert (folder / "out" / "mono" / "b.png").stat().st_uid == uid
    assert one.stop() == 0


def test_a_folder_of_somebody_else_is_an_error_in_words(run, folder):
    os.chown(folder, 0, 0)
    one = run("init")
    assert one.process.wait(60) == 1
    assert "Permission denied" in one.log()


def test_dead_workers_leave_no_zombies(run, folder):
    initialised(run)
    one = run().wait_ready()
    workers = [pid for pid, _, name in one.processes() if name.startswith("dropmill-image")]
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    drop(folder, "c.png")
    one.wait(lambda: (folder / "out" / "mono" / "c.png").exists(), "output after the workers died")
    one.wait(lambda: not [entry for entry in one.processes() if entry[1] == "Z"], "container without zombies")
    assert one.stop() == 0


def test_sigterm_drains(run, folder):
    """What was dropped before the stop is finished now or at the next start, and never lost."""
    initialised(run)
    one = run().wait_ready()
    for number in range(20):
        drop(folder, f"d{number}.png")
    time.sleep(0.3)
    assert one.stop() == 0
    again = run().wait_ready()
    again.wait(lambda: len(list((folder / "out" / "mono").glob("d*.png"))) == 20, "20 outputs")
    again.wait(lambda: len(list((folder / "watch" / "mono" / "_done").glob("d*.png"))) == 20, "20 originals in _done")
    assert again.stop() == 0


@pytest.mark.parametrize("refused, said", [
    (("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"), "andlock"),
    (("openat2", "unshare"), None),
    (("seccomp",), None),  # there is an older call for it
])
def test_an_old_engine_that_refuses_calls(run, folder, refused, said):
    """Old engines answer EPERM to calls that they do not know. The mill works, and says what is missing."""
    initialised(run)
    one = run(refused=refused).wait_ready()
    drop(folder, "e.png")
    one.wait(lambda: (folder / "out" / "mono" / "e.png").exists(), "output")
    print(one.log())
    if said:
        assert said in one.log(), one.log()
    assert one.stop() == 0


def test_formats_of_libraries_that_are_opened_by_name(run, folder):
    """AVIF, HEIC, JPEG XL and JPEG 2000 are written and read again, PDF and SVG are read."""
    initialised(run)
    (folder / "pipelines" / "many.yaml").write_text(
        "allow: [svg, pdf, jxl, jp2k]\noutputs:\n" + "".join(f'  - {{name: "{{stem}}.{ending}"}}\n' for ending in ("avif", "heic", "jxl", "jp2", "webp")))
    (folder / "pipelines" / "back.yaml").write_text('allow: [svg, pdf, jxl, jp2k]\noutputs:\n  - {name: "{stem}-{ext}.png"}\n')
    one = run().wait_ready()
    drop(folder, "f.png", "many")
    one.wait(lambda: len(list((folder / "out" / "many").glob("f.*"))) == 5, "five outputs")
    for path in (folder / "out" / "many").glob("f.*"):
        shutil.copy(path, folder / "watch" / "back" / path.name)
    (folder / "watch" / "back" / "g.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><text y="20">Mill</text></svg>')
    with open(folder / "watch" / "back" / "h.pdf", "wb") as file:
        file.write(b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
                   b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
    for path in (folder / "watch" / "back").iterdir():
        os.chown(path, 10001, 10001)
    one.wait(lambda: len(list((folder / "out" / "back").glob("*.png"))) == 7 or list((folder / "watch" / "back" / "_failed").glob("*.txt")), "seven outputs", 120)
    reasons = [path.read_text() for path in (folder / "watch" / "back" / "_failed").glob("*.txt")]
    assert reasons == []
    assert one.stop() == 0


def test_by_buildah(image, folder):
    """The other way to run it here: a chroot, with the folder mounted."""
    mount = f"{folder}:/data"
    words = ["buildah", "run", "--isolation", "chroot", "-v", mount, image.container, "--", "/usr/bin/tini", "--", "dropmill"]
    done = subprocess.run([*words, "init"], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([*words, "once", "mono", "--out", "results", "/usr/share/doc/dropmill/none.png"], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1 and "none.png" in done.stderr + done.stdout
