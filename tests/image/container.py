# SPDX-License-Identifier: GPL-2.0-or-later
"""A container of the image, as engines run it: crun with the image's own settings, a read-only root, no capabilities, a process namespace of its own."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

PROFILE = "/usr/share/containers/seccomp.json"  # of Podman and buildah; that of Docker has the same list
DIRECTORY = tempfile.gettempdir()


def output_of(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=120).stdout


def seccomp(refused=()):
    """The engines' default filter as crun reads it; refused: calls that get EPERM besides, as from an old engine."""
    with open(PROFILE, encoding="utf-8") as file:
        profile = json.load(file)
    rules = []
    for rule in profile["syscalls"]:
        needs, unless = rule.get("includes") or {}, rule.get("excludes") or {}
        if needs.get("caps") or "amd64" in unless.get("arches", []) or ("arches" in needs and "amd64" not in needs["arches"]):
            continue
        kept = {"names": [name for name in rule["names"] if name not in refused], "action": rule["action"]}
        kept.update({key: rule[key] for key in ("args", "errnoRet") if rule.get(key)})
        if kept["names"]:
            rules.append(kept)
    if refused:
        rules.append({"names": list(refused), "action": "SCMP_ACT_ERRNO", "errnoRet": 1})
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile.get("defaultErrnoRet", 1),
            "architectures": ["SCMP_ARCH_X86_64"], "syscalls": rules}


class Image:
    """localhost/dropmill, with its files at .root and its settings in .config."""

    def __init__(self, name="localhost/dropmill:latest"):
        self.config = json.loads(output_of("buildah", "inspect", "--type", "image", name))["Docker"]["config"]
        self.container = output_of("buildah", "from", "--pull-never", name).strip()
        self.root = output_of("buildah", "mount", self.container).strip()

    def remove(self):
        subprocess.run(["buildah", "rm", self.container], capture_output=True, check=True, timeout=60)


class Container:
    """One run of the image on a folder; ends with .stop(). Its page is at .address."""

    def __init__(self, image, folder, *command, user="10001:10001", refused=(), profile=True):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.name = f"dropmill-{uuid.uuid4().hex[:12]}"
        self.bundle = tempfile.mkdtemp(prefix="dropmill-bundle-", dir=DIRECTORY)
        subprocess.run(["crun", "spec"], cwd=self.bundle, check=True, timeout=60)
        config = f"{self.bundle}/config.json"
        with open(config, encoding="utf-8") as file:
            spec = json.load(file)
        uid, gid = (int(part) for part in user.split(":"))
        env = [f"DROPMILL_HTTP={self.address}" if text.startswith("DROPMILL_HTTP=") else text for text in image.config["Env"]]
        spec["root"] = {"path": image.root, "readonly": True}
        spec["process"].update(terminal=False, noNewPrivileges=True, user={"uid": uid, "gid": gid}, env=env, cwd=image.config["WorkingDir"],
                               args=[*image.config["Entrypoint"], *(command or image.config["Cmd"])],
                               capabilities={kind: [] for kind in spec["process"]["capabilities"]})
        spec["mounts"] = [mount for mount in spec["mounts"] if mount["destination"] != "/sys/fs/cgroup"]
        spec["mounts"].append({"destination": "/data", "type": "bind", "source": str(folder), "options": ["rbind", "rw"]})
        # The machine's network: a namespace of its own could not be reached.
        spec["linux"]["namespaces"] = [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")]
        spec["linux"].pop("resources", None)
        if profile or refused:
            spec["linux"]["seccomp"] = seccomp(refused)
        with open(config, "w", encoding="utf-8") as file:
            json.dump(spec, file)
        with open(f"{self.bundle}/log", "wb") as log:
            self.process = subprocess.Popen(self.crun("run", "--bundle", self.bundle, self.name), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def crun(self, *words):
        """crun refuses machines with both kinds of control groups, so it sees one kind only; it makes none."""
        state = f"{DIRECTORY}/dropmill-crun"
        inner = 'umount -R /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 none /sys/fs/cgroup; exec crun --root "$0" --cgroup-manager=disabled "$@"'
        return ["unshare", "--mount", "bash", "-c", inner, state, *words]

    def log(self):
        with open(f"{self.bundle}/log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait(self, true, what, seconds=60):
        end = time.monotonic() + seconds
        while not true():
            assert self.process.poll() is None, f"it ended with {self.process.returncode} before {what}:\n{self.log()}"
            assert time.monotonic() < end, f"no {what} after {seconds} s:\n{self.log()}"
            time.sleep(0.05)

    def wait_ready(self):
        self.wait(lambda: "ready:" in self.log(), "the line with ready")
        return self

    def execute(self, *words):
        return subprocess.run(self.crun("exec", self.name, *words), capture_output=True, text=True, check=False, timeout=60)

    def first(self):
        """Process 1 of the container, by its number outside."""
        return json.loads(output_of(*self.crun("state", self.name)))["pid"]

    def processes(self):
        """(number outside, state, name) of all in the container."""
        space, found = os.readlink(f"/proc/{self.first()}/ns/pid"), []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/pid") == space:
                    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                        text = file.read()
                    found.append((int(pid), text.rsplit(")", 1)[1].split()[0], text.split("(", 1)[1].rsplit(")", 1)[0]))
            except OSError:
                continue
        return found

    def stop(self, seconds=60):
        """As `docker stop`: SIGTERM to process 1. The exit status."""
        if self.process.poll() is None:
            os.kill(self.first(), signal.SIGTERM)
        return self.end(seconds)

    def end(self, seconds=60):
        status = self.process.wait(seconds)
        shutil.rmtree(self.bundle)
        return status
