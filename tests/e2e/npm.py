# SPDX-License-Identifier: GPL-2.0-or-later
"""One file of a package of npm's registry, which is kept out of the repository. npm itself, with its hundreds of packages, is not needed for it."""
import io
import os
import tarfile
import urllib.request

URL = "https://registry.npmjs.org/{name}/-/{name}-{version}.tgz"


def npm_file(name, version, member, path):
    """Fetches the package once and leaves its file at path. OSError or tarfile.TarError: it cannot be had."""
    if os.path.exists(path):
        return
    with urllib.request.urlopen(URL.format(name=name, version=version), timeout=120) as answer:
        package = io.BytesIO(answer.read())
    with tarfile.open(fileobj=package) as archive:
        try:
            text = archive.extractfile(f"package/{member}").read()
        except (KeyError, AttributeError) as reason:
            raise OSError(f"{name} {version} has no file {member}") from reason
    os.makedirs(os.path.dirname(path), exist_ok=True)
    draft = f"{path}.{os.getpid()}"
    with open(draft, "wb") as file:
        file.write(text)
    os.replace(draft, path)  # tests run side by side
