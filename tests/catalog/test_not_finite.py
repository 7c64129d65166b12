"""NaN and infinity in prices, rates and quotas: nothing is worked out from them, and none reaches a file."""

# ruff: noqa: F811 - fixtures are imported by name

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from scaler.catalog.cache import write_cached
from scaler.catalog.committed import savings_plan_rates
from scaler.catalog.holdings import holdings
from scaler.catalog.interface import CatalogueFailed
from scaler.catalog.known import known_catalogue
from scaler.catalog.quotas import vcpu_quotas
from scaler.catalog.spot import spot_prices
from scaler.cli.main import main
from tests.catalog.stubs import stubbed
from tests.catalog.test_committed import plan_rate
from tests.catalog.test_live import Figures
from tests.pipeline.conftest import project  # noqa: F401 - a fixture

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BAD = ["NaN", "inf", "-inf", "Infinity"]


@pytest.mark.parametrize("text", BAD)
def test_a_spot_price_of_no_size_is_unknown(text):
    """Row 14: it is left out, as if AWS had not answered for the zone; the price before it holds."""
    with stubbed() as clients:
        rows = [
            {"InstanceType": "m7i.large", "AvailabilityZone": "us-east-1a", "SpotPrice": usd,
             "ProductDescription": "Linux/UNIX", "Timestamp": NOW - timedelta(hours=hours)}
            for usd, hours in ((text, 1), ("0.04", 2))
        ]  # fmt: skip
        clients.answer("ec2", "describe_spot_price_history", {"SpotPriceHistory": rows})
        found = spot_prices(clients, "us-east-1", ["m7i.large"], at=NOW)
    assert found["m7i.large"]["us-east-1a"].usd_per_hour == 0.04


@pytest.mark.parametrize("text", BAD)
def test_a_rate_of_no_size_saves_nothing(text):
    """Row 14: the rates are refused as a whole, and stay as they were."""
    with stubbed() as clients:
        clients.answer("savingsplans", "describe_savings_plans_offering_rates", {"searchResults": [plan_rate(text)]})
        found = {}
        with suppress(CatalogueFailed):
            found = savings_plan_rates(clients, "us-east-1", ["m7i.large"], today=NOW.date())
    assert found == {}


def test_a_held_commitment_of_no_size_is_unknown():
    """Row 14: what is held is then not known, and no saving is told."""
    with stubbed() as clients:
        clients.answer(
            "savingsplans",
            "describe_savings_plans",
            {"savingsPlans": [{"savingsPlanType": "Compute", "commitment": "NaN"}]},
        )
        clients.answer("ec2", "describe_reserved_instances", {"ReservedInstances": []})
        clients.answer("ec2", "describe_capacity_reservations", {"CapacityReservations": []})
        found = holdings(clients, "us-east-1", today=NOW.date())
    assert found.items == ()
    assert "savings plans" in found.unknown[0]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_quota_of_no_size_is_unknown(value):
    """Row 14: it is not listed, so that it is neither zero nor unlimited."""
    with stubbed() as clients:
        clients.answer(
            "service-quotas", "list_service_quotas", {"Quotas": [{"QuotaCode": "L-1216C47A", "Value": value}]}
        )
        assert vcpu_quotas(clients, "us-east-1", today=NOW.date()) == {}


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_a_price_of_no_size_in_the_store_refuses_the_plan(project, tmp_path, monkeypatch, capsys, text):
    """Row 14: 3, with the file; nothing is written and no such number is printed."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    config = project()
    head, _, tail = config.read_text().partition("  prices:")
    config.write_text(head + tail.partition("}}\n")[2])
    figures = Figures()
    write_cached(figures, known_catalogue(None, "us-east-1"))
    stored = json.loads(figures["catalog/us-east-1.json"])
    stored["entries"]["m7i.large"]["on_demand"]["usd_per_hour"] = 0.123456
    folder = tmp_path / "forecasts" / "catalog"
    folder.mkdir(parents=True)
    (folder / "us-east-1.json").write_text(json.dumps(stored).replace("0.123456", text))
    when = ["--as-of", "2026-11-16T00:00Z", "--offline", "--format", "json"]
    assert main(["plan", "--config", str(config), *when]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "catalog/us-east-1.json" in err
    assert not (tmp_path / "scaler.auto.tfvars.json").exists()


def test_a_price_of_no_size_in_the_configuration_is_a_mistake_of_it(project, capsys):
    """Row 14: 78 with its line."""
    config = project()
    config.write_text(config.read_text().replace("on_demand: 0.1", "on_demand: .nan"))
    assert main(["plan", "--config", str(config), "--as-of", "2026-11-16T00:00Z", "--offline"]) == 78
    assert "scaler.yaml:" in capsys.readouterr().err


def test_no_document_holds_one(project, capsys, tmp_path):
    """Row 14: neither the plan nor the variables."""
    config = project()
    out = tmp_path / "plan.json"
    assert main(["plan", "-c", str(config), "--as-of", "2026-11-16T00:00Z", "--offline", "--out", str(out)]) == 0
    capsys.readouterr()

    def refuse(text):
        raise AssertionError(text)

    for path in (out, tmp_path / "scaler.auto.tfvars.json"):
        json.loads(path.read_text(), parse_constant=refuse)
