# SPDX-License-Identifier: GPL-2.0-or-later
"""A stop that finds nothing in hand waits for nobody, whatever the program waits for."""
import socket
import time

import pytest

from waiting import PATIENCE, wait_until

# The master looks again after a wait of some seconds for the broker's answer.
SECONDS = {"master": 7, "run": 7, "worker": 3}


@pytest.fixture(params=["mute", "absent"])
def no_broker(request):
    """The address of a broker that takes connections and says nothing, and of one that is not there."""
    if request.param == "absent":
        yield "127.0.0.1:1"
        return
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("role", ["master", "run", "worker"])
def test_a_stop_does_not_wait_for_a_broker(make_mill, no_broker, role):
    options = {"workers": 1} if role == "run" else {}
    mill = make_mill().launch(role, brokers=no_broker, **options)
    wait_until(lambda: any(no_broker in line for line in mill.lines), "a line that names the broker", 10)
    for early in (True, False):
        if not early:
            time.sleep(1)
        began = time.monotonic()
        mill.stop()
        assert time.monotonic() - began < SECONDS[role] * PATIENCE, mill.log()
        if early:
            mill.launch(role, brokers=no_broker, **options)
    if role == "worker":
        assert "stopped before it had a task" in mill.log()
