"""Runs a workflow of GitHub Actions.

Its own scripts run for real, in bash as the runner starts it. Of the actions of others there is what they leave behind:
a checkout, credentials, artefacts.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.examples.expressions import Expressions

ROOT = Path(__file__).parents[2]
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")
_OURS = "OWNER/scaler@REVISION"


def loaded(path: Path) -> dict[str, Any]:
    """A file of YAML 1.2, in which ``on`` is a word."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return document


@dataclass
class JobResult:
    """What became of a job: ``success``, ``failure`` or ``skipped``.

    Attributes:
        steps: outputs of the steps that have a name.
    """

    result: str
    outputs: dict[str, str] = field(default_factory=dict)
    role: str | None = None
    log: str = ""
    summary: str = ""
    steps: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class Runner:
    """One repository on a machine that forgets everything between jobs.

    Attributes:
        repository: the folder that a checkout copies.
        environment: what every job starts with: PATH, AWS's endpoint, where Terraform finds providers.
        event: the ``github`` context.
        variables: the ``vars`` context.
        given: inputs of the project's own action beside those of the workflow.
        approve: whether those who guard an environment let a job into it.
        over: jobs that have run before.
    """

    repository: Path
    temporary: Path
    environment: Mapping[str, str]
    event: Mapping[str, Any]
    variables: Mapping[str, str]
    given: Mapping[str, str]
    approve: bool = True
    artefacts: dict[str, Path] = field(default_factory=dict)
    environments: list[str] = field(default_factory=list)
    over: Mapping[str, JobResult] = field(default_factory=dict)

    def run(self, workflow: Path) -> dict[str, JobResult]:
        """All jobs, in the order in which they need each other."""
        document = loaded(workflow)
        results: dict[str, JobResult] = {}
        for name, job in document["jobs"].items():
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else list(job.get("needs", ()))
            context = {need: {"result": results[need].result, "outputs": results[need].outputs} for need in needs}
            passed = all(results[need].result == "success" for need in needs)
            if name in self.over:
                results[name] = self.over[name]
            elif passed:
                results[name] = self._job(name, job, document.get("permissions"), context)
            else:
                results[name] = JobResult("skipped")
        return results

    def _job(self, name: str, job: Mapping[str, Any], permissions: Any, needs: Mapping[str, Any]) -> JobResult:
        run = _Job(self, name, job.get("permissions", permissions) or {}, needs)
        if "if" in job and not run.expressions.condition(job["if"]):
            return JobResult("skipped")
        if "environment" in job:
            self.environments.append(job["environment"])
            if not self.approve:
                return JobResult("failure", log="not approved")
        run.variables |= {key: run.expressions.text(value) for key, value in job.get("env", {}).items()}
        for step in job["steps"]:
            run.step(step)
        outputs = {key: run.expressions.text(value) for key, value in job.get("outputs", {}).items()}
        role = run.variables.get("TESTED_ROLE")
        result = "failure" if run.failed else "success"
        summary = run.summary.read_text() if run.summary.exists() else ""
        steps = {key: step["outputs"] for key, step in run.steps.items()}
        return JobResult(result, outputs, role, run.log, summary, steps)


class _Job:
    def __init__(self, runner: Runner, name: str, permissions: Mapping[str, str], needs: Mapping[str, Any]) -> None:
        self.runner, self.permissions = runner, permissions
        self.place = runner.temporary / f"{name}-{len(list(runner.temporary.iterdir()))}"
        self.workspace, self.scratch = self.place / "work", self.place / "temp"
        for folder in (self.workspace, self.scratch):
            folder.mkdir(parents=True)
        self.summary = self.scratch / "summary.md"
        self.failed, self.log = False, ""
        self.variables: dict[str, str] = {}
        self.steps: dict[str, Any] = {}
        self.contexts = {"github": runner.event, "vars": runner.variables, "needs": needs, "steps": self.steps}

    @property
    def expressions(self) -> Expressions:
        functions = {"always": lambda: True, "success": lambda: not self.failed, "failure": lambda: self.failed}
        return Expressions(self.contexts, functions)

    def step(self, step: Mapping[str, Any]) -> None:
        """Run one step; what it leaves behind stands in ``steps``."""
        outcome, outputs = "skipped", {}
        if self.expressions.condition(step.get("if", "success()")):
            passed, outputs = self._script(step) if "run" in step else self._action(step)
            outcome = "success" if passed else "failure"
            self.failed = self.failed or not passed
        elif step.get("uses") == _OURS:
            outputs = _nothing(loaded(ROOT / "action.yml"))
        if "id" in step:
            self.steps[step["id"]] = {"outcome": outcome, "outputs": outputs}

    def _script(self, step: Mapping[str, Any], more: Mapping[str, str] | None = None) -> tuple[bool, dict[str, str]]:
        assert "${{" not in step["run"], "values come by the environment: an expression in a script is an injection"
        files = {name: self.scratch / f"{name.lower()}-{len(self.log)}" for name in ("GITHUB_OUTPUT", "GITHUB_ENV")}
        for file in files.values():
            file.touch()
        event = self.scratch / "event.json"
        event.write_text(json.dumps(self.runner.event.get("event", {})))
        github = self.runner.event
        environment = {
            **self.runner.environment,
            **self.variables,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": github["event_name"],
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REF": github["ref"],
            "GITHUB_REPOSITORY": github["repository"],
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RUN_ID": "1234",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.scratch),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            **{name: str(file) for name, file in files.items()},
            **(more or {}),
            **{name: self.expressions.text(value) for name, value in step.get("env", {}).items()},
        }
        script = self.scratch / f"script-{len(self.log)}.sh"
        script.write_text(step["run"])
        # As the runner starts it: without "shell" in a workflow there is no pipefail.
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail"] if step.get("shell") == "bash" else ["bash", "-e"]
        done = subprocess.run(
            [*shell, str(script)],
            cwd=self.workspace,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        self.log += f"$ {step.get('name', step['run'].splitlines()[0])}\n{done.stdout}{done.stderr}"
        self.variables |= _pairs(files["GITHUB_ENV"])
        return done.returncode == 0, _pairs(files["GITHUB_OUTPUT"])

    def _action(self, step: Mapping[str, Any]) -> tuple[bool, dict[str, str]]:
        uses = step["uses"]
        inputs = {name: self.expressions.text(value) for name, value in step.get("with", {}).items()}
        if uses == _OURS:
            return self._composite(ROOT / "action.yml", inputs)
        assert PINNED.fullmatch(uses), f"{uses} can become something else tomorrow"
        match uses.partition("@")[0]:
            case "actions/checkout":
                assert inputs["persist-credentials"] == "false", "scripts would find the token in .git/config"
                shutil.copytree(self.runner.repository, self.workspace, symlinks=True, dirs_exist_ok=True)
            case "aws-actions/configure-aws-credentials":
                assert self.permissions.get("id-token") == "write", "no token to assume a role with"
                assert set(inputs) == {"role-to-assume", "aws-region"}, "keys are not for pipelines"
                self.variables |= {"TESTED_ROLE": inputs["role-to-assume"], "AWS_REGION": inputs["aws-region"]}
            case "hashicorp/setup-terraform":
                assert inputs["terraform_wrapper"] == "false"
            case "actions/upload-artifact":
                source = self.workspace / inputs["path"]
                if not source.is_dir() or not any(source.iterdir()):
                    return False, {}
                kept = self.runner.temporary / f"artefact-{inputs['name']}"
                shutil.copytree(source, kept, dirs_exist_ok=True)
                self.runner.artefacts[inputs["name"]] = kept
            case "actions/download-artifact":
                shutil.copytree(self.runner.artefacts[inputs["name"]], self.workspace / inputs["path"])
            case _:
                raise AssertionError(f"what {uses} does is not known here")
        return True, {}

    def _composite(self, path: Path, inputs: Mapping[str, str]) -> tuple[bool, dict[str, str]]:
        action = loaded(path)
        unknown = set(inputs) - set(action["inputs"])
        assert not unknown, f"the action has no input {unknown}"
        values = {name: self.expressions.text(each.get("default", "")) for name, each in action["inputs"].items()}
        outer = self.contexts, self.steps, self.failed
        self.steps = {}
        self.contexts = {**self.contexts, "inputs": {**values, **self.runner.given, **inputs}, "steps": self.steps}
        self.failed = False
        for step in action["runs"]["steps"]:
            assert step["shell"] == "bash"
            outcome, outputs = "skipped", {}
            if self.expressions.condition(step.get("if", "success()")):
                passed, outputs = self._script(step, {"GITHUB_ACTION_PATH": str(path.parent)})
                outcome = "success" if passed else "failure"
                self.failed = self.failed or not passed
            if "id" in step:
                missing = {} if outcome != "skipped" else _nothing(action)
                self.steps[step["id"]] = {"outcome": outcome, "outputs": outputs or missing}
        told = {name: self.expressions.text(each["value"]) for name, each in action["outputs"].items()}
        passed = not self.failed
        self.contexts, self.steps, self.failed = outer
        return passed, told


def _nothing(action: Mapping[str, Any]) -> dict[str, str]:
    return dict.fromkeys(action["outputs"], "")


def _pairs(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)


def tools(*folders: str) -> dict[str, str]:
    """The little that a runner's environment has by itself."""
    return {"PATH": os.pathsep.join([*folders, "/usr/local/bin", "/usr/bin", "/bin"]), "LANG": "C.UTF-8"}
