"""Asks a database of known vulnerabilities about every package of requirements.lock, with pip-audit.

There are three answers, and the third must not pass for the first: nothing known, vulnerable, not audited. pip-audit
itself skips what its service does not know and then reports "No known vulnerabilities found"; here such a package is
named, and ``--require`` makes it a failure.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: Of the whole audit: some 150 questions. A service that never answers is not waited for longer.
LONGEST_SECONDS = 600
#: Of one question.
ANSWER_SECONDS = 15


@dataclass(frozen=True)
class Audit:
    """What is known after asking.

    Attributes:
        clean: packages without a known vulnerability.
        vulnerable: a line for each vulnerability: package, version, identifier, versions that mend it.
        unknown: packages that were not audited.
        reason: why some or all were not audited; empty if all were.
    """

    clean: int
    vulnerable: tuple[str, ...]
    unknown: tuple[str, ...]
    reason: str

    @property
    def lines(self) -> list[str]:
        """What to tell, one fact a line."""
        told = [f"audit: vulnerable: {line}" for line in self.vulnerable]
        if self.reason:
            named = ", ".join(self.unknown[:5]) + (
                f" and {len(self.unknown) - 5} more" if len(self.unknown) > 5 else ""
            )
            told.append(f"audit: not audited: {self.reason}{f' ({named})' if named else ''}")
        if self.clean:
            told.append(f"audit: {self.clean} package{'s' if self.clean > 1 else ''} without a known vulnerability")
        return told

    def exit_code(self, *, require: bool) -> int:
        """1 if something is vulnerable, or was not audited though that is required."""
        return int(bool(self.vulnerable) or (require and bool(self.reason)))


def audit(lock: Path, service: str, accepted: Sequence[str] = ()) -> Audit:
    """Ask the service, an address that speaks the OSV protocol, about every entry of the lock but what is accepted."""
    with tempfile.TemporaryDirectory() as cache:  # a proxy's answers of yesterday are not today's
        command = [
            sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes", "--disable-pip",
            "--vulnerability-service", "osv", "--osv-url", service, "--timeout", str(ANSWER_SECONDS),
            "--format", "json", "--progress-spinner", "off", "--cache-dir", cache,
            *(f"--ignore-vuln={each}" for each in accepted),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            return Audit(0, (), (), f"no end after {LONGEST_SECONDS} s")
    try:
        answered = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return Audit(0, (), (), _last_words(done.stderr) or f"pip-audit ended with {done.returncode} and said nothing")
    return read(answered)


def read(answered: Sequence[Mapping[str, Any]]) -> Audit:
    """What pip-audit's JSON says of each package."""
    skipped = tuple(each["name"] for each in answered if "skip_reason" in each)
    audited = [each for each in answered if "skip_reason" not in each]
    vulnerable = tuple(
        f"{each['name']} {each['version']}: {found['id']}, {_mended(found['fix_versions'])}"
        for each in audited
        for found in each["vulns"]
    )
    are = "is" if len(skipped) == 1 else "are"
    reason = f"{len(skipped)} of {len(answered)} packages {are} unknown to the service" if skipped else ""
    if not answered:
        reason = "the lock names no package for this platform"
    return Audit(sum(1 for each in audited if not each["vulns"]), vulnerable, skipped, reason)


def _mended(versions: Sequence[str]) -> str:
    return f"mended in {', '.join(versions)}" if versions else "not mended in any version"


def _last_words(text: str) -> str:
    """The last line of a traceback or message, on one line and not without end."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"\s+", " ", lines[-1])[:300] if lines else ""


def main(arguments: Sequence[str]) -> int:
    """Tell what is known; 1 if a package is vulnerable, or with ``--require`` was not audited."""
    parser = argparse.ArgumentParser(prog="scripts/audit", description=__doc__.splitlines()[0])
    parser.add_argument("--require", action="store_true", help="what could not be audited is a failure")
    parser.add_argument(
        "--service",
        default=os.environ.get("PIP_AUDIT_OSV_URL", "https://api.osv.dev/v1/query"),
        help="address that answers queries of the OSV protocol; PIP_AUDIT_OSV_URL if not given",
    )
    parser.add_argument("--lock", type=Path, default=ROOT / "requirements.lock", help="lock to audit")
    parser.add_argument("--ignore", action="append", default=[], metavar="ID", help="accept a vulnerability by name")
    given = parser.parse_args(arguments)
    found = audit(given.lock, given.service, given.ignore)
    print("\n".join(found.lines))
    return found.exit_code(require=given.require)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
