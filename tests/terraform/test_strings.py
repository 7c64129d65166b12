"""Strings on their way through a JSON variable file, with a root module that needs no provider."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from scaler.config.names import GroupName, TagName, TagValue, WorkloadName
from scaler.terraform.runner import Terraform

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

ROOT = """
variable "values" { type = map(string) }
output "values" { value = var.values }
"""

# Unassigned characters are left out: which normal form they have depends on the Unicode version.
texts = st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"], exclude_characters="\0"), max_size=30)
marks = st.lists(st.sampled_from(["${", "%{", "$${", "}", '"', "\\", "\n", "'", "\u202e", "<", "&", "a"])).map("".join)


names = st.text(st.sampled_from("abz09._-"), min_size=1, max_size=70)
few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def normal(text: str) -> str:
    """The form that Terraform puts every string into."""
    return unicodedata.normalize("NFC", text)


@few
@given(values=st.dictionaries(texts | marks, texts | marks, min_size=20, max_size=80))
@example(values={"${path.root}": "%{ if true }x%{ endif }", 'a"b\\': "line\nbreak\ttab", "é": "e\u0301", "": ""})
def test_strings_arrive_as_written(
    values: dict[str, str], terraform_binary: str, installation: dict[str, str], tmp_path: Path
) -> None:
    """No string in the variables is taken for a template; Terraform only puts it into Unicode's NFC form."""
    (tmp_path / "main.tf").write_text(ROOT)
    (tmp_path / "scaler.auto.tfvars.json").write_text(json.dumps({"values": values}), encoding="utf-8")
    terraform = Terraform(tmp_path, terraform_binary, env=dict(os.environ) | installation)
    terraform.apply()
    assert terraform.output_json()["values"] == {normal(key): normal(value) for key, value in values.items()}


def accepted(kind: Any, text: str) -> bool:
    """Whether a configuration may hold the text as a name of this kind."""
    try:
        TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return False
    return True


@few
@given(workloads=st.lists(names | texts | marks, min_size=20, max_size=80), tags=st.dictionaries(texts, texts | marks))
@example(
    workloads=["web", "${path.root}", "%{ if true }", 'a"b', "a\nb", "a\u202eb", "größe", "", "-a", "a b"], tags={}
)
def test_names_are_refused_or_arrive_as_written(
    workloads: list[str], tags: dict[str, str], terraform_binary: str, installation: dict[str, str], tmp_path: Path
) -> None:
    """A name that the configuration accepts is the same in Terraform; one that has meaning to it is refused."""
    kept = {name for name in workloads if accepted(WorkloadName, name)}
    groups = {name for name in workloads if accepted(GroupName, name)}
    assert not any(mark in name for name in kept | groups for mark in ("${", "%{", '"', "\n", "\u202e", "\\"))
    assert all(normal(name) == name for name in kept | groups)
    labels = {key: value for key, value in tags.items() if accepted(TagName, key) and accepted(TagValue, value)}
    value = {"workloads": {name: sorted(groups) for name in kept}, "tags": labels}
    (tmp_path / "main.tf").write_text('variable "value" { type = any }')
    (tmp_path / "scaler.auto.tfvars.json").write_text(json.dumps({"value": value}), encoding="utf-8")
    ended = subprocess.run(
        [terraform_binary, "console"],
        # Terraform's own quoting of strings would have to be undone otherwise.
        input="base64encode(jsonencode(var.value))\n",
        cwd=tmp_path,
        env=dict(os.environ) | installation,
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(base64.b64decode(ended.stdout.strip().strip('"')))
    assert seen["workloads"] == value["workloads"]
    assert seen["tags"] == {normal(key): normal(text) for key, text in labels.items()}
