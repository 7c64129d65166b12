"""Prints the bytes below each part of an image, as JSON. Runs within it, by its interpreter alone."""

import json
import os

PARTS = {"dependencies": "/venv", "scaler": "/app"}
#: The rest of the file system is the base, but for what the kernel shows.
LEFT_OUT = ("/proc", "/sys", "/dev", "/run", "/tmp", "/venv", "/app")  # noqa: S108 - names of folders


def below(top: str, left_out: tuple[str, ...] = ()) -> int:
    """Bytes of the files below a folder, links not followed and each file counted once."""
    total, seen = 0, set()
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in left_out]
        for name in files:
            found = os.lstat(os.path.join(folder, name))
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                total += found.st_size
    return total


if __name__ == "__main__":
    sizes = {"base": below("/", LEFT_OUT)}
    sizes |= {name: below(folder) for name, folder in PARTS.items()}
    packages = next((os.path.join(d, "site-packages") for d, s, _ in os.walk("/venv/lib") if "site-packages" in s), "")
    largest = {name: below(os.path.join(packages, name)) for name in (os.listdir(packages) if packages else ())}
    print(json.dumps({"parts": sizes, "largest": largest}))
