"""Takes out of a base image what installs packages: nothing is installed where scaler runs."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

for name in ("ensurepip", "pip", "setuptools", "wheel"):
    found = find_spec(name)
    if found is not None and found.origin is not None:
        shutil.rmtree(Path(found.origin).parent)
for folder in (Path("/usr/bin"), Path("/usr/local/bin")):
    for script in folder.glob("pip*"):
        script.unlink()
