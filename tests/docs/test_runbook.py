"""The runbook has a place for everything that can go wrong, and for nothing that cannot."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from ruamel.yaml import YAML

from scaler.notify.interface import Urgency
from scaler.plan.guardrails import RULES
from scaler.terraform.gate import RULE
from scripts.reference.messages import CODES, messages_page
from scripts.reference.raised import error_classes, messages

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    text = RUNBOOK.partition(f"\n## {title}\n")[2]
    assert text, f"the runbook has no section {title!r}"
    return text.partition("\n## ")[0]


def _rows(*titles: str) -> dict[str, list[str]]:
    """First cells, without their marks, with the cells after them."""
    rows = {}
    for title in titles:
        for line in _section(title).splitlines():
            if line.startswith("| `"):
                first, *rest = [cell.strip() for cell in line.strip("|").split("|")]
                rows[first.strip("`")] = rest
    return rows


def _classes() -> dict[str, list[str]]:
    return _rows(
        "Refused: history", "Refused: forecast, capacity and plan", "Refused: apply and Terraform", "Failed"
    )  # fmt: skip


def test_every_refusal_and_failure_has_its_row():
    """Each class that ends a command with 1 or 3 is there with what it means and what to do; none that is gone."""
    wanted = {each.name: each.exit_code for each in error_classes().values() if each.exit_code in (1, 3)}
    rows = _classes()
    assert set(rows) == set(wanted)
    assert [name for name, cells in rows.items() if len(cells) != 2 or not all(cells)] == []
    failed = set(_rows("Failed"))
    assert {name for name in rows if (name in failed) != (wanted[name] == 1)} == set()


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("A guardrail", {*RULES, RULE}),
        (
            "Alerts of Prometheus",
            {
                rule["alert"]
                for group in YAML(typ="safe").load(ROOT / "examples" / "prometheus" / "scaler.rules.yml")["groups"]
                for rule in group["rules"]
            },
        ),
        (
            "Alarms of the scheduler module",
            set(
                re.findall(
                    r'resource "aws_cloudwatch_metric_alarm" "(\w+)"',
                    (ROOT / "terraform" / "modules" / "scheduler" / "alarms.tf").read_text(encoding="utf-8"),
                )
            ),
        ),
    ],
    ids=["guardrails", "alerts", "alarms"],
)
def test_every_rule_alert_and_alarm_has_its_row(title: str, wanted: set[str]):
    """What pages somebody at night says what to do."""
    assert wanted
    assert set(_rows(title)) == wanted


def test_every_urgency_of_a_notice_is_told():
    """Whoever gets a notice finds out whether it asks for something."""
    assert set(get_args(Urgency)) <= set(re.findall(r"`(\w+)`", _section("Urgent notices")))


def test_every_message_is_listed_with_why_and_next_step():
    """The reference has a row for each place that raises, under its class; most of them in words of their own."""
    listed = messages_page()
    classes = error_classes()
    shown = [each for each in messages() if classes[each.error].exit_code in (1, 3)]
    assert len(shown) > 150
    assert {each.error for each in shown} <= set(re.findall(r"^## (\w+)$", listed, re.MULTILINE))
    assert listed.count("\n| ") - listed.count("\n| what |") == len(shown)
    silent = [each for each in shown if each.what is None and each.next_step is None]
    assert len(silent) < len(shown) / 20


def test_the_list_of_messages_sees_what_is_raised():
    """It reads the source, so that a class, its exit code and its words are those that a run would show."""
    from scaler.history.interface import StaleHistory
    from scaler.terraform.gate import TerraformRefused

    for error in (StaleHistory, TerraformRefused):
        assert error_classes()[error.__name__].exit_code == error.exit_code
        assert any(each.error == error.__name__ and each.what and each.why for each in messages())


def test_every_exit_code_of_the_errors_has_its_meaning():
    """No class carries a code that the page of exit codes does not explain."""
    assert {each.exit_code for each in error_classes().values()} <= set(CODES)
