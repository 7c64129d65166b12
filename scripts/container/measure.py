"""Prints the bytes below each part of an image, as JSON. Runs within it, by its interpreter alone."""

import json
import os
from pathlib import Path

PARTS = {"dependencies": "/venv", "scaler": "/app"}
#: The rest of the file system is the base, but for what the kernel shows.
LEFT_OUT = ("/proc", "/sys", "/dev", "/run", "/tmp", "/venv", "/app")  # noqa: S108 - names of folders


def below(top: str, left_out: tuple[str, ...] = ()) -> int:
    """Bytes of the files below a folder, links not followed and each file counted once."""
    total, seen = 0, set()
    for place, folders, files in os.walk(top):  # Path.walk came with Python 3.12
        folder = Path(place)
        folders[:] = [name for name in folders if str(folder / name) not in left_out]
        for name in files:
            found = (folder / name).lstat()
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                total += found.st_size
    return total


if __name__ == "__main__":
    sizes = {"base": below("/", LEFT_OUT)}
    sizes |= {name: below(folder) for name, folder in PARTS.items()}
    packages = next(Path("/venv/lib").glob("*/site-packages"), None)
    largest = {path.name: below(str(path)) for path in (packages.iterdir() if packages else ()) if path.is_dir()}
    print(json.dumps({"parts": sizes, "largest": largest}))
