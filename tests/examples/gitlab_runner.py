"""Runs jobs of GitLab CI: rules and variables worked out, scripts for real in one shell, artefacts handed on."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.examples.github_runner import loaded


@dataclass
class GitLabJob:
    """What became of a job: its exit code, whether that is a warning only, and what it printed."""

    code: int
    allowed: bool
    log: str


@dataclass
class GitLab:
    """One project, on a machine that forgets everything between jobs.

    Attributes:
        variables: of the project and of the pipeline, beside those of the file.
    """

    file: Path
    repository: Path
    temporary: Path
    environment: Mapping[str, str]
    variables: Mapping[str, str]
    artefacts: dict[str, Path] = field(default_factory=dict)

    def job(self, name: str) -> dict[str, Any]:
        """A job with what it extends."""
        document = loaded(self.file)
        job: dict[str, Any] = document[name]
        return document[job["extends"]] | job if "extends" in job else job

    def when(self, name: str) -> str:
        """``on_success``, ``manual`` or ``never``."""
        rule = self._rule(self.job(name))
        return "never" if rule is None else str(rule.get("when", "on_success"))

    def run(self, name: str) -> GitLabJob:
        """Run the job as if its turn had come."""
        job = self.job(name)
        rule = self._rule(job)
        assert rule is not None
        place = self.temporary / f"{name}-{len(list(self.temporary.iterdir()))}" / "project"
        shutil.copytree(self.repository, place, symlinks=True)
        for needed in job.get("needs", ()):
            shutil.copytree(self.artefacts[needed], place, dirs_exist_ok=True)
        given = {"CI": "true", "GITLAB_CI": "true", "CI_PROJECT_DIR": str(place), **self.variables}
        given |= dict.fromkeys(job.get("id_tokens", {}), "a.token.of-the-job")
        for more in (loaded(self.file).get("variables", {}), job.get("variables", {}), rule.get("variables", {})):
            given |= {key: _expanded(str(value), given) for key, value in more.items()}
        lines = [*job.get("before_script", ()), *job["script"]]
        done = subprocess.run(
            ["bash", "-c", "set -eo pipefail\n" + "\n".join(lines)],
            cwd=place,
            env={**self.environment, **given},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        identities = list(place.parent.glob("*.identity"))
        assert all(file.stat().st_mode & 0o077 == 0 for file in identities), "others may read the identity"
        after = ["bash", "-c", "\n".join(job.get("after_script", ()))]
        subprocess.run(after, cwd=place, env={**self.environment, **given}, timeout=60, check=True)
        if "artifacts" in job and (done.returncode == 0 or job["artifacts"].get("when") == "always"):
            kept = self.temporary / f"artefacts-{place.parent.name}"
            for path in job["artifacts"]["paths"]:
                if (place / path).exists():
                    shutil.copytree(place / path, kept / path)
            self.artefacts[name] = kept
        allowed = job.get("allow_failure", False)
        warned = done.returncode in allowed["exit_codes"] if isinstance(allowed, dict) else bool(allowed)
        assert list(place.parent.glob("*.identity")) == [], "the identity outlives the job"
        return GitLabJob(done.returncode, warned, done.stdout + done.stderr)

    def _rule(self, job: Mapping[str, Any]) -> Mapping[str, Any] | None:
        for rule in job["rules"]:
            match = re.fullmatch(r"\$(\w+) == (?:\$(\w+)|\"([^\"]*)\")", rule["if"])
            assert match, f"{rule['if']} is not understood here"
            right = match[3] if match[2] is None else self.variables.get(match[2])
            if self.variables.get(match[1]) == right:
                return None if rule.get("when") == "never" else dict(rule)
        return None


def _expanded(value: str, given: Mapping[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda match: given[match[1]], value)
