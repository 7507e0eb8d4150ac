# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures: a folder, mills in it, pictures, a real Kafka. A mill that a test leaves running is stopped as a user would, and checked."""
import os
import shutil
import tempfile
import uuid

import pytest

from broker import Broker, Unavailable, fetch
from disks import Disks
from mill import BINARY, Mill
from mock_broker import mock_broker
from pictures import Pictures
from waiting import wait_until

# The seed's chain, in a lossless format, small enough to read at a glance.
MONO = "steps:\n  - grayscale\n  - blur: {sigma: 1}\noutputs:\n  - name: \"{stem}.png\"\n"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    setattr(item, f"report_{report.when}", report)


def passed(request):
    report = getattr(request.node, "report_call", None)
    return report is not None and report.passed


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="dropmill-test-")
    yield path
    if not os.environ.get("DROPMILL_KEEP"):
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def pictures():
    cache = tempfile.mkdtemp(prefix="dropmill-pictures-")
    yield Pictures(cache)
    shutil.rmtree(cache, ignore_errors=True)


@pytest.fixture
def small_disk():
    disks = Disks()
    yield disks
    disks.end()


@pytest.fixture
def make_mill(folder, request):
    """make_mill() gives a mill that is not started yet, with the pipeline "mono" unless told otherwise."""
    mills = []

    def make(pipelines=None, binary=BINARY):
        mill = Mill(os.path.join(folder, f"mill{len(mills)}"), binary)
        for name, text in (pipelines or {"mono": MONO}).items():
            mill.pipeline(name, text)
        mills.append(mill)
        return mill

    yield make
    try:
        for mill in mills:
            if mill.running() and passed(request):
                mill.stop()
    finally:
        for mill in mills:
            mill.abandon()
            if not passed(request):
                print(f"---- log of {mill.folder}\n{mill.log()}")


@pytest.fixture
def cluster(make_mill, request):
    """make(pipelines): a master and a worker that share nothing but a broker. Both get the options, a worker its own besides. Several workers begin
    together: who joins later waits five seconds with this broker."""
    with mock_broker() as address:
        mills = []

        def make(pipelines, binary=BINARY, env=None, worker_options=None, master_env=None, count=1, **options):
            master, workers = make_mill(pipelines, binary), [make_mill({}, binary) for _ in range(count)]
            mills.extend((*workers, master))
            master.start("master", brokers=address, env=master_env, **options)
            for worker in workers:
                worker.launch("worker", brokers=address, env=env, **{**options, **(worker_options or {})})
            master.worker, master.brokers = workers[0], address

            def live():
                return sum(worker["state"] == "live" and bool(worker["partitions"]) for worker in master.workers()) == count

            wait_until(live, lambda: f"live workers: {master.workers()}", 30)
            return master

        yield make
        for one in mills if passed(request) else []:  # while there is a broker
            one.stop()


@pytest.fixture
def mill(make_mill):
    """A running mill: two workers, embedded broker, the pipeline "mono"."""
    return make_mill().start(workers=2)


@pytest.fixture(scope="session")
def kafka_jars():
    """Apache Kafka is at hand, or the test is skipped with the reason; under CI it must be."""
    try:
        fetch()
    except Unavailable as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Apache Kafka here: {reason}")


@pytest.fixture(scope="session")
def kafka(kafka_jars):
    """One real broker for the session; tests keep apart by topic prefix."""
    data = tempfile.mkdtemp(prefix="dropmill-kafka-")
    broker = Broker(data).start()
    yield broker
    broker.stop()
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture
def own_kafka(kafka_jars):
    """A broker of the test's own, not started: to be killed and restarted."""
    data = tempfile.mkdtemp(prefix="dropmill-kafka-")
    broker = Broker(data)
    yield broker
    broker.stop()
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture
def prefix():
    return f"t{uuid.uuid4().hex[:8]}-"


@pytest.fixture(scope="session")
def chromium():
    """One browser for the session; it is started by the first test of the page."""
    from browser import Browser

    browser = Browser()
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium, request, make_mill):  # pylint: disable=unused-argument
    """The browser with nothing loaded; after a test that passed its console must be empty, but for what the test took out of it. It asks
    for make_mill, so that mills outlive it: a page whose mill is gone complains."""
    chromium.reset()
    yield chromium
    chromium.media()
    if passed(request):
        assert chromium.console() == []
        chromium.driver.get("about:blank")
    else:
        print(f"---- {chromium.screenshot('failed-' + request.node.name)}\n{chromium.console()}")
