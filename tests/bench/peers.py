# SPDX-License-Identifier: GPL-2.0-or-later
"""Other programs that do the same: how they are called, and whether they can be had. They are installed by make bench, as far as may be."""
import importlib.util
import os
import shutil
import subprocess

from measure import Skip, timed

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"


def need(program, package):
    if not shutil.which(program):
        raise Skip(f"{program} is not installed (Debian package {package})")
    return program


def need_module(module, package):
    if not importlib.util.find_spec(module):
        raise Skip(f"Python's {module} is not installed (Debian package {package})")


def version(package):
    """As Debian has it; None when it is not installed."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Version}", package], capture_output=True, text=True,
                          check=False)
    return done.stdout[3:].strip() if done.returncode == 0 and done.stdout.startswith("ii") else None


def opencv(source, target):
    """A process of OpenCV's: decode, grey, blur, encode."""
    need_module("cv2", "python3-opencv")
    return [PYTHON, os.path.join(HERE, "opencv_peer.py"), source, target]


def graphicsmagick(source, target):
    return [need("gm", "graphicsmagick"), "convert", source, "-colorspace", "GRAY", "-blur", "0x3", target]


def gnu_parallel(pairs, folder):
    """GNU parallel, a shell line of two `vips` commands a file: the command line has no chains."""
    need("parallel", "parallel")
    need("vips", "libvips-tools")
    line = "vips colourspace {1} " + folder + "/{#}.v b-w && vips gaussblur " + folder + "/{#}.v {2} 3 && rm " + folder + "/{#}.v"
    lines = "".join(f"{source}\t{target}\n" for source, target in pairs)
    return timed(["parallel", "--will-cite", "--colsep", "\t", "-j2", line], lines=lines)[0]
