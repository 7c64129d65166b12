"""Pages that Terraform or kubectl have a part in are skipped where it is missing, and fail where it is required."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import Block
from tests.docs.needs import kubectl_for, terraform_for, unavailable

PAGE = (Block("page.md", 1, "hcl", ""),)


@pytest.fixture(autouse=True)
def _nothing_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for required in ("SCALER_REQUIRE_TERRAFORM", "SCALER_REQUIRE_KUBECTL"):
        monkeypatch.delenv(required, raising=False)


def test_a_page_with_terraform_is_skipped_where_it_is_missing():
    """By its blocks or its world; a page without either is read all the same."""
    for page in (PAGE, (Block("page.md", 1, "sh", "", {"world": "terraform"}),)):
        with pytest.raises(pytest.skip.Exception, match="PATH"):
            terraform_for(page)
    terraform_for((Block("page.md", 1, "sh", ""), Block("page.md", 1, "hcl", "", {"not run": "why"})))


def test_nothing_is_skipped_where_terraform_is_required(monkeypatch: pytest.MonkeyPatch):
    """What ought to be there and is not, is a failure."""
    monkeypatch.setenv("SCALER_REQUIRE_TERRAFORM", "1")
    with pytest.raises(pytest.fail.Exception, match="PATH"):
        terraform_for(PAGE)
    with pytest.raises(pytest.fail.Exception, match="no provider"):
        unavailable("no provider")


def test_a_page_that_asks_kubectl_is_skipped_where_it_is_missing(monkeypatch: pytest.MonkeyPatch):
    """Or fails where it is required; commands that are shown only ask for nothing."""
    rendered = Block("page.md", 1, "sh", "kubectl kustomize folder\n")
    kubectl_for((Block("page.md", 1, "sh", rendered.text, {"not run": "why"}),))
    with pytest.raises(pytest.skip.Exception, match="kubectl"):
        kubectl_for((rendered,))
    monkeypatch.setenv("SCALER_REQUIRE_KUBECTL", "1")
    with pytest.raises(pytest.fail.Exception, match="kubectl"):
        kubectl_for((rendered,))
