"""The files of the pipelines keep to the schemas of those who run them, and ask for no more rights than they need."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import check_jsonschema
import pytest
from click.testing import CliRunner

from scaler import __version__
from tests.examples.expressions import Expressions, UnknownExpression
from tests.examples.github_runner import PINNED, ROOT, loaded, tools
from tests.examples.jenkins_runner import NotDeclarative, read

PIPELINES = ROOT / "examples" / "pipelines"
WORKFLOW = PIPELINES / "github" / "capacity.yml"
ACTION = ROOT / "action.yml"
GITLAB = PIPELINES / "gitlab" / "capacity.gitlab-ci.yml"
JENKINS = PIPELINES / "jenkins" / "Jenkinsfile"


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        (["vendor.github-actions"], ACTION),
        (["vendor.github-workflows"], WORKFLOW),
        (["vendor.gitlab-ci", "--data-transform", "gitlab-ci"], GITLAB),
    ],
    ids=["action", "workflow", "gitlab"],
)
def test_the_files_are_what_their_servers_take(schema, file, tmp_path: Path) -> None:
    """They keep to the published schemas, which would not take one with something else in the place of its steps."""
    broken = tmp_path / file.name
    broken.write_text(re.sub(r"(?m)^( *)(steps|script):.*$", r"\1\2: 7\n\1ignored:", file.read_text()))
    # In this process: importing the checker takes a hundred times as long as checking.
    checker = CliRunner()
    for path, code in ((file, 0), (broken, 1)):
        done = checker.invoke(check_jsonschema.main, ["--builtin-schema", *schema, str(path)])
        assert done.exit_code == code, done.output


def test_a_jenkinsfile_that_is_none_is_not_taken() -> None:
    """What reads the Jenkinsfile for the tests refuses what Jenkins would."""
    text = JENKINS.read_text()
    read(text)
    for broken in (text.replace("steps {", "steps {{", 1), text.replace("stages {", "phases {", 1), text[:-3]):
        with pytest.raises((NotDeclarative, ValueError)):
            read(broken)


def test_no_job_has_more_rights_than_it_needs() -> None:
    """Nothing by default; an identity for AWS, comments for the plan alone, and never a right to push."""
    workflow = loaded(WORKFLOW)
    assert workflow["permissions"] == {}
    rights = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert rights == {
        "plan": {"contents": "read", "id-token": "write", "pull-requests": "write"},
        "apply": {"contents": "read", "id-token": "write"},
    }
    assert "pull_request_target" not in workflow["on"], "it would hand secrets to the code of a stranger"
    assert "secrets." not in WORKFLOW.read_text() + ACTION.read_text()
    uses = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert all(PINNED.fullmatch(each) or each == "OWNER/scaler@REVISION" for each in uses)


def test_no_secret_stands_on_a_command_line() -> None:
    """What opens a door comes by the environment or a file: command lines are seen by others and by logs."""
    for file in (ACTION, WORKFLOW, GITLAB, JENKINS):
        commands = [
            line
            for line in file.read_text().splitlines()
            if not line.startswith("//") and re.search(r"\b(scaler|terraform|pip)\b.* ", line)
        ]
        assert commands
        assert [line for line in commands if re.search(r"(?i)token|secret|password|credential", line)] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b == 'x' && 'yes' || 'no'", "yes"),
        ("!(a.b != 'x')", True),
        ("a.b == 'it''s' || success()", True),
        ("github.event.none.such", None),
    ],
)
def test_expressions_are_worked_out_as_github_does(text, expected) -> None:
    """Precedence, quotes, and what an event does not have."""
    contexts = {"a": {"b": "x"}, "github": {"event": {}}}
    assert Expressions(contexts, {"success": lambda: True}).value(text) == expected


@pytest.mark.parametrize("text", ["a.c", "b", "a.b ==", "hash('x')", "a.b b", "(a.b", "unknown()"])
def test_an_unknown_expression_is_refused(text) -> None:
    """GitHub would take a misspelt name for nothing; here it is an error."""
    with pytest.raises(UnknownExpression):
        Expressions({"a": {"b": "x"}}, {"success": lambda: True}).value(text)


@pytest.mark.slow
def test_the_action_installs_the_revision_that_it_is_part_of(tmp_path: Path) -> None:
    """From its own folder, into an environment of its own; a second step of the job finds it there.

    The libraries are lent to it, and its lock is empty, to save downloading them.
    """
    action, runner = tmp_path / "action", tmp_path / "runner"
    runner.mkdir()
    for name in ("action.yml", "pyproject.toml", "README.md", "LICENSE", "scaler", "scripts", "terraform"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, action / name, ignore=shutil.ignore_patterns("__pycache__", ".terraform*"))
        else:
            action.mkdir(exist_ok=True)
            shutil.copy(source, action / name)
    project = (action / "pyproject.toml").read_text()
    (action / "pyproject.toml").write_text(
        re.sub(r"(?s)^dependencies = \[.*?^\]", "dependencies = []", project, flags=re.M)
    )
    (action / "requirements.lock").write_text("")
    lent = {str(Path(spec.origin or "").parents[1]) for spec in map(find_spec, ("hatchling", "pydantic")) if spec}
    environment = tools() | {"GITHUB_ACTION_PATH": str(action), "RUNNER_TEMP": str(runner)}
    environment |= {"PYTHONPATH": ":".join(sorted(lent)), "HOME": str(tmp_path), "PIP_NO_COMPILE": "0"}
    if find_spec("hatchling"):
        environment["PIP_NO_BUILD_ISOLATION"] = (
            "0"  # pip reads it as "no isolation", and the one above as "no compilation"
        )
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    environment["PATH"] = f"{folder}:{environment['PATH']}"
    step = loaded(ACTION)["runs"]["steps"][0]
    for _ in range(2):
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    installed = [str(runner / "scaler" / "bin" / "scaler"), "--version"]
    told = subprocess.run(installed, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout == f"scaler {__version__}\n"
