"""What is checked in says nothing about the machine it was written on."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Put together from parts, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a home folder": "/" + r"(home/[a-z]|root/|Users/[A-Za-z])",
    "a working folder": "/" + r"(work|opt|mnt|srv)/[a-z]",
    "a package registry": r"(files\.)?python" + r"hosted\.org|(test\.)?py" + r"pi\.org|registry\.npm" + r"js\.org",
    # AWS documents with AKIAIOSFODNN7…, which opens nothing.
    "a key of an account": "(AKIA|ASIA)" + "(?!IOSFODNN7)[A-Z0-9]{16}",
    "a private key": "-----BEGIN " + "[A-Z ]*PRIVATE KEY-----",
}


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: nothing is tracked")
    names = listed.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what: str):
    """A clone works anywhere and gives nothing away."""
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for path in _tracked():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), 1)
            if pattern.search(line)
        ]
    assert found == []
