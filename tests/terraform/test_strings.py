"""Strings on their way through a JSON variable file, with a root module that needs no provider."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scaler.terraform.runner import Terraform

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

ROOT = """
variable "values" { type = map(string) }
output "values" { value = var.values }
"""

# Unassigned characters are left out: which normal form they have depends on the Unicode version.
texts = st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"], exclude_characters="\0"), max_size=30)
marks = st.lists(st.sampled_from(["${", "%{", "$${", "}", '"', "\\", "\n", "'", "\u202e", "<", "&", "a"])).map("".join)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(texts | marks, texts | marks, max_size=60))
@example(values={"${path.root}": "%{ if true }x%{ endif }", 'a"b\\': "line\nbreak\ttab", "é": "e\u0301", "": ""})
def test_strings_arrive_as_written(
    values: dict[str, str], terraform_binary: str, installation: dict[str, str], tmp_path: Path
) -> None:
    """No string in the variables is taken for a template; Terraform only puts it into Unicode's NFC form."""
    (tmp_path / "main.tf").write_text(ROOT)
    (tmp_path / "scaler.auto.tfvars.json").write_text(json.dumps({"values": values}), encoding="utf-8")
    terraform = Terraform(tmp_path, terraform_binary, env=dict(os.environ) | installation)
    terraform.apply()

    def normal(text: str) -> str:
        return unicodedata.normalize("NFC", text)

    assert terraform.output_json()["values"] == {normal(key): normal(value) for key, value in values.items()}
