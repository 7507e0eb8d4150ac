# SPDX-License-Identifier: GPL-2.0-or-later
"""Apache Kafka behind TLS and SASL: certificates of a CA made here, users with passwords. The passwords stay where they were put."""
import os
import shutil
import subprocess
import tempfile

import pytest

from broker import Broker, free_port
from conftest import MONO
from processes import arguments, role
from waiting import PATIENCE, wait_until

SECRET = "pa55-Vq9x-of-the-mill"
WRONG = "not-the-right-Zk3w"


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60 * PATIENCE)


def make_authority(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.pem")


def make_certificates(folder):
    """ca.pem, stranger.pem (another CA), and broker.pem: key and certificate of 127.0.0.1, signed by the first."""
    make_authority(folder, "ca")
    make_authority(folder, "stranger")
    openssl(folder, "req", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=broker", "-keyout", "broker.key", "-out", "broker.csr")
    with open(os.path.join(folder, "names"), "w", encoding="ascii") as file:
        file.write("subjectAltName=IP:127.0.0.1\n")
    openssl(folder, "x509", "-req", "-in", "broker.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "broker.crt")
    with open(os.path.join(folder, "broker.pem"), "w", encoding="ascii") as together:
        for name in ("broker.key", "broker.crt"):
            with open(os.path.join(folder, name), encoding="ascii") as file:
                together.write(file.read())


@pytest.fixture(scope="module")
def secure(kafka_jars):
    """(address, folder of certificates): a broker that talks SASL_SSL there, with a user "mill" for PLAIN and SCRAM."""
    folder = tempfile.mkdtemp(prefix="dropmill-kafka-")
    make_certificates(folder)
    port = free_port()
    modules = "org.apache.kafka.common.security"
    settings = [
        f"listeners=PLAINTEXT://127.0.0.1:@PORT@,SECURE://127.0.0.1:{port},CONTROLLER://127.0.0.1:@CONTROLLER@",
        f"advertised.listeners=PLAINTEXT://127.0.0.1:@PORT@,SECURE://127.0.0.1:{port}",
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL",
        "listener.name.secure.ssl.keystore.type=PEM",
        f"listener.name.secure.ssl.keystore.location={folder}/broker.pem",
        "listener.name.secure.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256",
        f"listener.name.secure.plain.sasl.jaas.config={modules}.plain.PlainLoginModule required user_mill=\"{SECRET}\";",
        f"listener.name.secure.scram-sha-256.sasl.jaas.config={modules}.scram.ScramLoginModule required;",
    ]
    scram = ["--add-scram", f"SCRAM-SHA-256=[name=mill,password={SECRET}]"]
    broker = Broker(os.path.join(folder, "data"), settings, scram).start()
    yield f"127.0.0.1:{port}", folder
    broker.stop()
    shutil.rmtree(folder, ignore_errors=True)


def configure(mill, secure, mechanism="SCRAM-SHA-256", password=SECRET, authority="ca"):
    """A dropmill.yaml as an operator writes it; password None: it comes from the environment."""
    address, folder = secure
    lines = {"debug": "conf,security", "security.protocol": "SASL_SSL", "ssl.ca.location": f"{folder}/{authority}.pem", "sasl.mechanisms": mechanism,
             "sasl.username": "mill", "sasl.password": password}
    with open(mill.path("dropmill.yaml"), "w", encoding="utf-8") as file:
        file.write(f"brokers: {address}\nkafka:\n")
        file.writelines(f"  {name}: {value}\n" for name, value in lines.items() if value)
    return {"config": mill.path("dropmill.yaml"), "workers": 1}


def environment_of(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        return file.read()


def files_below(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            if name != "dropmill.yaml":
                with open(os.path.join(where, name), "rb") as file:
                    yield os.path.join(where, name), file.read()


def assert_kept(mill, secret=SECRET):
    """The secret is in no command line, no file that the mill made, no line that it said."""
    for pid in mill.pids():
        assert secret not in " ".join(arguments(pid)), arguments(pid)
    for path, data in files_below(mill.folder):
        assert secret.encode() not in data, path
    assert secret not in mill.log()


@pytest.mark.parametrize("mechanism, source", [("SCRAM-SHA-256", "environment"), ("PLAIN", "file")])
def test_a_mill_behind_tls_and_a_password(make_mill, pictures, secure, prefix, mechanism, source):
    mill = make_mill({"mono": MONO})
    env = {"DROPMILL_LOG": "debug"}
    options = configure(mill, secure, mechanism, SECRET if source == "file" else None)
    if source == "environment":
        env["DROPMILL_KAFKA_SASL_PASSWORD"] = SECRET
    mill.start(topic_prefix=prefix, env=env, seconds=90, **options)
    wait_until(lambda: [w for w in mill.workers() if w["state"] == "live" and w["partitions"]], mill.log, 60)
    broken = mill.path("stage", "broken.png")
    with open(broken, "wb") as file:
        file.write(b"no picture")
    mill.drop(broken, "mono", "broken.png")
    big = pictures.picture(width=6000, height=4000, ending=".png")
    mill.drop(big, "mono", "big.png")
    codec = wait_until(lambda: mill.pids("codec"), "a codec")[0]
    # Decoders of strangers' files get no secret that they could tell.
    assert role(codec) != "codec" or SECRET.encode() not in environment_of(codec)
    assert SECRET not in " ".join(arguments(codec))
    mill.wait_output("mono", "big.png")
    assert SECRET not in mill.wait_failed("mono", "broken.png")
    for path in ("", "api/status", "api/workers", "api/jobs", "api/pipelines", "api/waiting"):
        assert SECRET.encode() not in mill.get(path)[2], path
    text = subprocess.run([mill.binary, "status", "--json", "--http", mill.url.split("/")[2]], capture_output=True, text=True,
                          check=True, timeout=60 * PATIENCE, env=mill.environment())
    assert SECRET not in text.stdout + text.stderr
    assert [line for line in mill.lines if "debug" in line or "attempt 1: ok" in line], "no debug lines: the level was not taken"
    assert_kept(mill)
    mill.stop()
    assert_kept(mill)


@pytest.mark.parametrize("fault, words", [
    ({"password": WRONG}, ("authentication", "SASL")),
    ({"authority": "stranger"}, ("certificate", "SSL")),
])
def test_a_wrong_password_or_authority_is_said_and_waited_for(make_mill, secure, prefix, fault, words):
    mill = make_mill({"mono": MONO})
    mill.launch(topic_prefix=prefix, **configure(mill, secure, **fault))
    line = wait_until(lambda: next((line for line in mill.lines if "dropmill waits for it" in line), None), mill.log, 60)
    assert any(word.lower() in line.lower() for word in words), line
    assert mill.running() and not any("ready" in line for line in mill.lines)
    assert_kept(mill)
    assert_kept(mill, WRONG)
    mill.stop()
    assert_kept(mill, WRONG)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_user_without_a_password_is_an_error_in_words(make_mill, mechanism):
    """librdkafka 2.0.2 crashed when its half-made configuration was freed."""
    mill = make_mill().launch("run", workers=1, property=["security.protocol=SASL_PLAINTEXT", f"sasl.mechanism={mechanism}", "sasl.username=mill"])
    assert mill.process.wait(30) == 1
    mill.reader.join(10)
    assert "sasl.username and sasl.password must be set" in mill.log()
