# SPDX-License-Identifier: GPL-2.0-or-later
"""The build itself: the same bytes in any folder, nothing written beside the sources, the tools and flags that were asked for, old libraries refused."""
import filecmp
import os
import platform
import shutil
import subprocess

import pytest

from mill import ROOT

# A sample of each kind of thing that is built: rooms, generated sources, a linked program.
SAMPLE = ("lib/sandbox.a", "obj/main_image.o", "obj/web/assets.o", "obj/master/samples.o", "tests/picture")
# A gcc of ccache asks the PATH for the real one.
WITHOUT_CCACHE = "/usr/bin:/bin"
# Of the make that runs the tests.
INHERITED = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "BUILD", "BUILD_TOP", "CC", "CFLAGS", "CPPFLAGS", "LDFLAGS", "AR", "PKG_CONFIG", "VIPS")


def make(tree, *words, path=os.environ["PATH"]):
    env = {name: value for name, value in os.environ.items() if name not in INHERITED}
    # A cache of objects would give one folder's to the other.
    env.update(SETUP="no", CCACHE_DISABLE="1", PATH=path)
    return subprocess.run(["make", "--no-print-directory", *words], cwd=tree, env=env, capture_output=True, text=True, check=False)


def copy(tree):
    shutil.copytree(ROOT, tree, ignore=lambda folder, _: {"build", ".git", ".dropmill"} if folder == ROOT else set())
    return tree


def listing(tree):
    return sorted((path, os.stat(path).st_mtime_ns) for top, folders, files in os.walk(tree) for path in (os.path.join(top, n) for n in folders + files))


def test_two_folders_make_the_same_bytes_and_sources_stay_as_they_are(tmp_path):
    one, two, elsewhere = copy(tmp_path / "one's own"), copy(tmp_path / "two" / "with spaces"), tmp_path / "elsewhere"
    before = listing(two)
    for tree, build, more in ((one, "build", ()), (two, str(elsewhere), (f"BUILD={elsewhere}",))):
        done = make(tree, "-j2", *more, *(f"{build}/{name}" for name in SAMPLE))
        assert done.returncode == 0, done.stdout + done.stderr
    assert listing(two) == before
    assert filecmp.cmpfiles(one / "build", elsewhere, SAMPLE, shallow=False)[1:] == ([], [])


def test_tools_that_were_asked_for_are_used(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("ar", "cc", "gcc", "pkg-config", "glib-compile-resources"):
        (tools / name).write_text(f"#!/bin/sh\necho \"{name} of the PATH was used\" >&2\nexit 1\n")
        (tools / name).chmod(0o755)
    asked = {"AR": "ar", "CC": "gcc", "PKG_CONFIG": "pkg-config", "GLIB_COMPILE_RESOURCES": "glib-compile-resources"}
    done = make(
        ROOT, "V=1", f"BUILD={tmp_path}/b", *(f"{name}={shutil.which(tool, path=WITHOUT_CCACHE)}" for name, tool in asked.items()),
        "CPPFLAGS=-DASKED_CPP", "CFLAGS=-O1 -DASKED_C", "LDFLAGS=-Wl,--hash-style=both",
        f"{tmp_path}/b/lib/sandbox.a", f"{tmp_path}/b/obj/master/samples.o", f"{tmp_path}/b/tests/picture",
        path=f"{tools}:{os.environ['PATH']}",
    )
    assert done.returncode == 0 and "of the PATH was used" not in done.stderr, done.stderr
    compiled = [line for line in done.stdout.splitlines() if " -c -o " in line]
    assert compiled and all("-DASKED_CPP" in line and "-DASKED_C " in line and " -O1 " in line for line in compiled)
    assert any("--hash-style=both" in line and "tests/picture" in line for line in done.stdout.splitlines())


def test_other_flags_make_other_objects(tmp_path):
    main = f"{tmp_path}/obj/main_image.o"

    def built(*flags):
        done = make(ROOT, f"BUILD={tmp_path}", *flags, main)
        assert done.returncode == 0, done.stderr
        return os.stat(main).st_mtime_ns

    first = built()
    assert built() == first
    assert built("CPPFLAGS=-DOTHER") > first


def test_the_first_make_on_a_bare_machine_hardens_as_the_second(tmp_path):
    """The compiler comes with the set-up, after make has read the Makefile."""
    tree, compiler = copy(tmp_path / "tree"), tmp_path / "cc"
    with open(tree / "tests" / "setup", "w", encoding="utf-8") as setup:
        setup.write(f"#!/bin/sh\nln -sf {shutil.which('gcc', path=WITHOUT_CCACHE)} {compiler}\n")
    words = ("V=1", f"CC={compiler}", "build/obj/main_image.o")
    done = make(tree, *words)
    assert done.returncode == 0 and "-fstack-clash-protection" in done.stdout and "-D_FORTIFY_SOURCE=2" in done.stdout, done.stdout + done.stderr
    assert " -c -o " not in make(tree, *words).stdout, "the second make found other flags"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the sums of image/fast are of x86-64")
def test_sums_of_libvips_are_not_fused(tmp_path):
    """As -march=native would have it: the product and the sum rounded at once, and pixels differ from those of libvips."""
    objects = [f"{tmp_path}/obj/image/fast/{name}.o" for name in ("reduce_sum", "reduce_row", "reduce_weights")]
    done = make(ROOT, f"BUILD={tmp_path}", "CFLAGS=-O2 -march=haswell", *objects)
    assert done.returncode == 0, done.stderr
    for path in objects:
        code = subprocess.run(["objdump", "-d", path], capture_output=True, text=True, check=True).stdout
        assert "ret" in code and "vfm" not in code and "vfnm" not in code, path


@pytest.fixture
def old_vips(tmp_path):
    folder = tmp_path / "prefix" / "lib64" / "pkgconfig"
    folder.mkdir(parents=True)
    (folder / "vips.pc").write_text("Name: vips\nDescription: old\nVersion: 8.13.3\nLibs: -lvips\nCflags: -I/old\n")
    return tmp_path / "prefix"


def test_a_library_that_is_too_old_is_refused_with_words(tmp_path, old_vips):
    done = make(ROOT, f"BUILD={tmp_path}/b", f"VIPS={old_vips}", f"{tmp_path}/b/obj/main_image.o")
    assert done.returncode != 0 and not os.path.exists(f"{tmp_path}/b/obj/main_image.o")
    assert f"vips 8.13.3 in {old_vips}/lib64/pkgconfig is too old: dropmill needs 8.14 or newer" in done.stderr and "make VIPS=PREFIX" in done.stderr


def test_a_library_that_is_not_there_is_named(tmp_path):
    done = subprocess.run([os.path.join(ROOT, "tests", "minimum"), "no-such-library:3"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "no-such-library: pkg-config does not find it" in done.stderr and "make setup-build" in done.stderr


def test_a_prefix_without_libvips_is_refused(tmp_path):
    done = make(ROOT, f"BUILD={tmp_path}/b", f"VIPS={tmp_path}")
    assert done.returncode != 0 and f"VIPS={tmp_path}: no vips.pc" in done.stderr


def test_programs_look_into_the_prefix_by_themselves(tmp_path, old_vips):
    shown = make(ROOT, "-n", f"BUILD={tmp_path}/b", f"VIPS={old_vips}", f"{tmp_path}/b/tests/picture").stdout
    link = [line for line in shown.splitlines() if " -o " in line and " -c " not in line]
    assert link and f"-rpath,{old_vips}/lib64" in link[-1] and any("-I/old" in line for line in shown.splitlines())


def test_one_commit_always_makes_the_same_tarball(tmp_path):
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    tree, unpacked = copy(tmp_path / "tree"), tmp_path / "unpacked"
    unpacked.mkdir()
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t.test"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "t"]):
        subprocess.run([*git, *words], cwd=tree, check=True)
    made = []
    for build in ("a", "b"):
        (tree / "Makefile").touch()
        done = make(tree, "dist", f"BUILD={tmp_path}/{build}")
        assert done.returncode == 0, done.stderr
        made.append(done.stdout.strip())
    assert filecmp.cmp(*made, shallow=False)
    subprocess.run(["tar", "-xzf", made[0], "-C", unpacked], check=True)
    version = os.path.basename(made[0]).removeprefix("dropmill-").removesuffix(".tar.gz")
    assert os.listdir(unpacked) == [f"dropmill-{version}"] and os.path.exists(unpacked / f"dropmill-{version}" / "tests" / "debian")
    # The version is that of the program, and the changes of the coming one are told first.
    assert f'"{version}"' in open(os.path.join(ROOT, "src", "base", "version.h"), encoding="utf-8").read()
    with open(os.path.join(ROOT, "src", "dist", "CHANGELOG.md"), encoding="utf-8") as changes:
        assert next(line for line in changes if line.startswith("## ")).startswith(f"## {version}")
