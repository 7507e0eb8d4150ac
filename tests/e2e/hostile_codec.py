#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in front of a codec, as `dropmill-image`, and changes what it says: DROPMILL_REAL_IMAGE is the real program; HOSTILE is a word of
the cases below."""
import array
import json
import os
import select
import socket
import sys

REAL = os.environ["DROPMILL_REAL_IMAGE"]
MOST = 1 << 16


def changed(line, hostile, ready):
    """The lines that the master gets for one line of the codec; ready: how many of its kind came before."""
    message = json.loads(line)
    kind = message.get("event")
    if kind == "plan" and hostile == "tiles":
        message["tiles"] = (1 << 31) - 2
    lines = [json.dumps(message).encode()]
    if kind == "ready" and hostile == "early" and not ready:
        lines.append(b'{"event":"encoded","outputs":[{"output":0,"bytes":1,"width":1,"height":1}]}')
    return lines


def forward(master, codec):
    data, rest, _, _ = master.recvmsg(MOST, socket.CMSG_LEN(16))
    descriptors = array.array("i")
    for _, _, part in rest:
        descriptors.frombytes(part[:len(part) - len(part) % descriptors.itemsize])
    if not data:
        return False
    codec.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)] if descriptors else [])
    for descriptor in descriptors:
        os.close(descriptor)
    return True


def stand_between(hostile):
    master = socket.socket(fileno=3)
    codec, end = socket.socketpair()
    own = os.getpid()
    if os.fork() == 0:
        os.dup2(end.fileno(), 3)
        os.set_inheritable(3, True)
        os.execv(REAL, [REAL, "codec", str(own)])
    end.close()
    text, ready = b"", 0
    while True:
        readable, _, _ = select.select([master, codec], [], [])
        if master in readable and not forward(master, codec):
            return
        if codec not in readable:
            continue
        data = codec.recv(MOST)
        if not data:
            return
        *lines, text = (text + data).split(b"\n")
        for line in lines:
            for sent in changed(line, hostile, ready):
                master.sendall(sent + b"\n")
            ready += json.loads(line).get("event") == "ready"


if sys.argv[1] == "codec":
    stand_between(os.environ["HOSTILE"])
else:
    os.execv(REAL, [REAL, *sys.argv[1:]])
