"""Reads a Jenkinsfile with a grammar of Groovy, and runs its ``sh`` steps for real, stage after stage.

Jenkins itself is not run: what ``when``, ``input`` and ``stash`` do is done here, for the forms that the file uses.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import tree_sitter
import tree_sitter_groovy

# https://www.jenkins.io/doc/book/pipeline/syntax/#declarative-pipeline
_OF_PIPELINE = {"agent", "options", "environment", "stages", "post"}
_OF_STAGE = {"when", "environment", "steps"}


class NotDeclarative(ValueError):
    """The file is no Groovy, or not of the form of a declarative pipeline."""


@dataclass
class Stage:
    """One stage: its own environment, its conditions, its steps in their order as (name, argument)."""

    name: str
    environment: dict[str, str]
    conditions: list[tuple[str, str]]
    steps: list[tuple[str, str]]


@dataclass
class Jenkinsfile:
    """A declarative pipeline."""

    environment: dict[str, str]
    stages: list[Stage]
    after: list[tuple[str, str]] = field(default_factory=list)


def read(text: str) -> Jenkinsfile:
    """Parse a Jenkinsfile.

    Raises:
        NotDeclarative: it cannot be parsed, or has a section that a declarative pipeline does not have.
    """
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language()))
    root = parser.parse(text.encode()).root_node
    if root.has_error:
        raise NotDeclarative("no Groovy")
    (pipeline,) = [call for call in _calls(root) if _name(call) == "pipeline"]
    sections = {_name(call): call for call in _calls(_body(pipeline))}
    if not set(sections) <= _OF_PIPELINE or not {"agent", "stages"} <= set(sections):
        raise NotDeclarative(f"sections {sorted(sections)}")
    stages = []
    for call in _calls(_body(sections["stages"])):
        parts = {_name(part): part for part in _calls(_body(call))}
        if _name(call) != "stage" or not set(parts) <= _OF_STAGE or "steps" not in parts:
            raise NotDeclarative(f"stage with {sorted(parts)}")
        when = list(_deep(parts["when"])) if "when" in parts else []
        conditions = [(_name(each), _argument(each)) for each in when if _name(each) in ("branch", "fileExists")]
        steps = [(_name(step), _argument(step)) for step in _calls(_body(parts["steps"]))]
        stages.append(Stage(_argument(call), _assigned(parts.get("environment")), conditions, steps))
    after = (
        [(_name(c), _argument(c)) for c in _deep(sections["post"]) if _name(c) == "sh"] if "post" in sections else []
    )
    return Jenkinsfile(_assigned(sections.get("environment")), stages, after)


@dataclass
class Jenkins:
    """Runs a pipeline in a workspace.

    Attributes:
        branch: that the job is of.
        credentials: files and texts by id.
        approve: what whoever is asked says.
    """

    workspace: Path
    environment: Mapping[str, str]
    branch: str
    credentials: Mapping[str, str]
    approve: bool = True
    log: str = ""
    stages: list[str] = field(default_factory=list)

    def run(self, pipeline: Jenkinsfile) -> str:
        """``SUCCESS``, ``FAILURE`` or ``ABORTED``."""
        result = "SUCCESS"
        for stage in pipeline.stages:
            if result == "SUCCESS" and all(self._holds(*condition) for condition in stage.conditions):
                self.stages.append(stage.name)
                result = self._stage(stage, self._values(pipeline.environment | stage.environment))
        for _, script in pipeline.after:
            self._sh(script, {})
        return result

    def _stage(self, stage: Stage, environment: Mapping[str, str]) -> str:
        for name, argument in stage.steps:
            if name == "sh" and not self._sh(argument, environment):
                return "FAILURE"
            if name == "input" and not self.approve:
                return "ABORTED"
            assert name in ("sh", "input", "script", "stash", "unstash"), name
        return "SUCCESS"

    def _sh(self, script: str, environment: Mapping[str, str]) -> bool:
        done = subprocess.run(
            ["sh", "-xe", "-c", script],
            cwd=self.workspace,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        self.log += done.stdout + done.stderr
        return done.returncode == 0

    def _holds(self, name: str, argument: str) -> bool:
        return self.branch == argument if name == "branch" else (self.workspace / argument).exists()

    def _values(self, given: Mapping[str, str]) -> dict[str, str]:
        def value(text: str) -> str:
            match = re.fullmatch(r"credentials\('([^']*)'\)", text)
            return self.credentials[match[1]] if match else text

        return {name: value(text) for name, text in given.items()}


def _calls(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Calls directly below a node, not those within calls."""
    for child in node.children:
        if child.type in ("method_invocation", "juxt_function_call"):
            yield child
        else:
            yield from _calls(child)


def _deep(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    for call in _calls(node):
        yield call
        yield from _deep(call)


def _name(call: tree_sitter.Node) -> str:
    name = call.child_by_field_name("name")
    return "" if name is None else _text(name)


def _body(call: tree_sitter.Node) -> tree_sitter.Node:
    body = call.child_by_field_name("body")
    if body is None:
        raise NotDeclarative(f"{_name(call)} without a block")
    return body


def _argument(call: tree_sitter.Node) -> str:
    arguments = call.child_by_field_name("arguments") or call.child_by_field_name("args")
    given = "" if arguments is None else _text(arguments)
    quoted = re.search(r"'''(.*?)'''|'([^']*)'", given, re.DOTALL)
    if quoted is None:
        return given
    # In Groovy a backslash at the end of a line takes the line break away.
    return (quoted[1] if quoted[1] is not None else quoted[2]).replace("\\\n", "")


def _assigned(call: tree_sitter.Node | None) -> dict[str, str]:
    if call is None:
        return {}
    lines = re.findall(r"^\s*(\w+) = (?:'([^']*)'|(credentials\('[^']*'\)))$", _text(_body(call)), re.MULTILINE)
    assert len(lines) == _text(_body(call)).count(" = ")
    return {name: text or other for name, text, other in lines}


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


def no_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without keys: what is left is the identity of the job."""
    kept = {
        name: value for name, value in environment.items() if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }
    return kept | {"TMPDIR": os.environ.get("TMPDIR", "/tmp")}  # noqa: S108
