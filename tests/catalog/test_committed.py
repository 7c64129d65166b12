"""Rates of commitments and what is held: AWS's answers, each fitting botocore's model, become dated figures."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from scaler.catalog.cache import read_cached, write_cached
from scaler.catalog.commitment import YEAR_SECONDS, Held
from scaler.catalog.committed import (
    capacity_block_rates,
    product_reservations,
    reserved_rates,
    savings_plan_rates,
)
from scaler.catalog.holdings import holdings
from scaler.catalog.interface import CatalogueFailed
from scaler.catalog.known import known_catalogue
from scaler.catalog.refresh import refresh
from scaler.cli.main import main
from tests.catalog.stubs import stubbed
from tests.catalog.test_live import Figures
from tests.standins.gaps import GapsStandIn

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def plan_rate(usd, *, kind="Compute", usage="BoxUsage:m7i.large", term=YEAR_SECONDS, unit="Hrs"):
    """A rate as DescribeSavingsPlansOfferingRates gives it."""
    return {
        "savingsPlanOffering": {
            "offeringId": "o", "paymentOption": "No Upfront", "planType": kind, "durationSeconds": term,
            "currency": "USD",
        },
        "rate": usd, "unit": unit, "productType": "EC2", "serviceCode": "AmazonEC2", "usageType": usage,
        "operation": "RunInstances",
        "properties": [{"name": "instanceType", "value": "m7i.large"}, {"name": "region", "value": "us-east-1"}],
    }  # fmt: skip


def product(hourly="0.0500000000", upfront=None, offering="standard", length="1yr", option="No Upfront"):
    """A product of the Price List with one reservation."""
    dimensions = {"a": {"unit": "Hrs", "pricePerUnit": {"USD": hourly}}}
    if upfront:
        dimensions["b"] = {"unit": "Quantity", "pricePerUnit": {"USD": upfront}}
    return json.dumps(
        {
            "publicationDate": "2026-11-02T10:00:00Z",
            "terms": {
                "Reserved": {
                    "x": {
                        "effectiveDate": "2026-10-01T00:00:00Z",
                        "termAttributes": {
                            "LeaseContractLength": length, "OfferingClass": offering, "PurchaseOption": option,
                        },
                        "priceDimensions": dimensions,
                    }
                }
            },
        }
    )  # fmt: skip


def test_rates_of_savings_plans():
    """Both kinds by type, over all pages; a reservation that stands empty and other units are none, nor is zero."""
    with stubbed() as clients:
        clients.answer(
            "savingsplans",
            "describe_savings_plans_offering_rates",
            {
                "searchResults": [plan_rate("0.0637"), plan_rate("0.0637", usage="UnusedBox:m7i.large")],
                "nextToken": "a",
            },
        )
        clients.answer(
            "savingsplans",
            "describe_savings_plans_offering_rates",
            {
                "searchResults": [
                    plan_rate("0.0580", kind="EC2Instance"),
                    plan_rate("0"),
                    plan_rate("1", unit="Request"),
                ]
            },
        )
        found = savings_plan_rates(clients, "eu-west-1", ["m7i.large"], today=TODAY)
        assert set(clients.regions["savingsplans"][1:]) <= {None, "us-east-1"}, "one endpoint for all regions"
    kinds = {rate.kind: rate.usd_per_hour for rate in found["m7i.large"]}
    assert kinds == {"savings_plan": 0.0637, "instance_savings_plan": 0.058}
    assert all(rate.as_of == TODAY and rate.term_seconds == YEAR_SECONDS for rate in found["m7i.large"])


def test_a_reservation_spreads_what_is_paid_upfront_over_its_term():
    """Hourly fee and upfront fee in one rate, of the day the list was published; convertible ones are left out."""
    with stubbed() as clients:
        clients.answer("pricing", "get_products", {"PriceList": [product("0.0200", "219", option="Partial Upfront")]})
        found = reserved_rates(clients, "us-east-1", ["m7i.large"])
    (rate,) = found["m7i.large"]
    assert rate.usd_per_hour == pytest.approx(0.02 + 219 / 8760)
    assert (rate.payment, rate.as_of) == ("partial upfront", date(2026, 11, 2))
    assert product_reservations(product(offering="convertible")) == []
    assert product_reservations(product("0.0")) == []
    assert product_reservations('{"terms": {}}') == []


@pytest.mark.parametrize("bad", ["[]", "{}", "no JSON", '{"terms": {"Reserved": {"x": {}}}}'])
def test_what_is_no_reservation_is_refused(bad):
    """A changed format is an error, not an unknown rate."""
    with pytest.raises(CatalogueFailed, match="cannot be read"):
        product_reservations(bad)


def test_capacity_blocks_of_a_day_and_a_week():
    """The cheapest fee per instance and hour; a length that is sold out has none, and CPU types are not asked about."""
    offering = {
        "CapacityBlockOfferingId": "cb", "InstanceType": "p5.48xlarge", "AvailabilityZone": "us-east-1a",
        "InstanceCount": 1, "StartDate": NOW, "CapacityBlockDurationHours": 24, "CurrencyCode": "USD",
    }  # fmt: skip
    with stubbed() as clients:
        clients.answer(
            "ec2",
            "describe_capacity_block_offerings",
            {"CapacityBlockOfferings": [offering | {"UpfrontFee": "760.00"}, offering | {"UpfrontFee": "720.00"}]},
        )
        clients.answer("ec2", "describe_capacity_block_offerings", {"CapacityBlockOfferings": []})
        found = capacity_block_rates(clients, "us-east-1", ["m7i.large", "p5.48xlarge"], today=TODAY)
    ((rate,),) = found.values()
    assert (rate.usd_per_hour, rate.term_seconds, rate.counts[:3]) == (30.0, 86_400, (1, 2, 4))


def held_answers():
    """What an account holds, by operation."""
    here, there = "us-east-1", "eu-west-1"
    return {
        "DescribeSavingsPlans": {
            "savingsPlans": [
                {"savingsPlanType": "Compute", "commitment": "1.50", "end": "2027-05-01T00:00:00.000Z"},
                {"savingsPlanType": "EC2Instance", "commitment": "0.40", "region": here, "ec2InstanceFamily": "m7i"},
                {"savingsPlanType": "EC2Instance", "commitment": "9.00", "region": there, "ec2InstanceFamily": "m7i"},
                {"savingsPlanType": "SageMaker", "commitment": "2.00"},
            ]
        },
        "DescribeReservedInstances": {
            "ReservedInstances": [
                {"InstanceType": "m7i.large", "InstanceCount": 3, "Scope": "Region", "ProductDescription": "Linux/UNIX",
                 "End": datetime(2027, 3, 1, tzinfo=UTC)},
                {"InstanceType": "c7i.large", "InstanceCount": 2, "Scope": "Availability Zone",
                 "AvailabilityZone": "us-east-1a", "ProductDescription": "Linux/UNIX"},
                {"InstanceType": "m7i.large", "InstanceCount": 5, "ProductDescription": "Windows"},
            ]
        },
        "DescribeCapacityReservations": {
            "CapacityReservations": [
                {"InstanceType": "p5.48xlarge", "TotalInstanceCount": 2, "ReservationType": "capacity-block",
                 "AvailabilityZone": "us-east-1b", "EndDate": datetime(2026, 11, 28, tzinfo=UTC)},
                {"InstanceType": "g6.xlarge", "TotalInstanceCount": 4, "ReservationType": "default",
                 "AvailabilityZone": "us-east-1a"},
            ]
        },
    }  # fmt: skip


HELD = (
    Held("savings_plan", 1.5, until=date(2027, 5, 1)),
    Held("instance_savings_plan", 0.4, family="m7i"),
    Held("reserved_instance", instance_type="m7i.large", count=3, until=date(2027, 3, 1)),
    Held("reserved_instance", instance_type="c7i.large", count=2, zone="us-east-1a"),
    Held("capacity_block", instance_type="p5.48xlarge", count=2, zone="us-east-1b", until=date(2026, 11, 28)),
    Held("capacity_reservation", instance_type="g6.xlarge", count=4, zone="us-east-1a"),
)


@pytest.fixture
def aws(aws_emulator, monkeypatch):
    """The emulator, and what it lacks over HTTP beside it."""
    with GapsStandIn(
        aws_emulator,
        answers={
            **held_answers(),
            "DescribeSavingsPlansOfferingRates": {"searchResults": [plan_rate("0.0637")]},
            "GetProducts": {"PriceList": [product()]},
        },
    ) as stand_in:
        monkeypatch.setenv("AWS_ENDPOINT_URL", stand_in.url)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        yield stand_in


@pytest.mark.emulator
def test_what_is_held_over_http(aws):
    """Savings plans of the account and of the region's families, reservations, blocks; Windows and others are none."""
    from scaler.aws.session import BotocoreClients

    found = holdings(BotocoreClients(), "us-east-1", today=TODAY)
    assert found.items == HELD
    assert found.unknown == ()


@pytest.mark.emulator
@pytest.mark.parametrize(
    "operation", ["DescribeSavingsPlans", "DescribeReservedInstances", "DescribeCapacityReservations"]
)
def test_what_may_not_be_read_is_named(aws, operation):
    """The rest is read, and the doubt carries the permission: with it no saving is told."""
    from scaler.aws.session import BotocoreClients

    aws.denied.add(operation)
    found = holdings(BotocoreClients(), "us-east-1", today=TODAY)
    assert len(found.unknown) == 1
    assert operation in found.unknown[0]
    assert 0 < len(found.items) < len(HELD)


@pytest.mark.emulator
def test_rates_and_holdings_are_kept_with_their_day(aws):
    """They read from the store as they were; a rate that cannot be had keeps its value and its day."""
    from scaler.aws.session import BotocoreClients

    known = known_catalogue(None, "us-east-1")
    found = refresh(known, BotocoreClients(), ["m7i.large"], now=NOW, advisor=lambda: b"{}", commitments=True)
    assert {rate.kind for rate in found.entries["m7i.large"].committed} == {"savings_plan", "reserved_instance"}
    store = Figures()
    write_cached(store, found)
    assert read_cached(store, "us-east-1") == found
    assert known_catalogue(store, "us-east-1").held == found.held
    aws.denied.add("DescribeSavingsPlansOfferingRates")
    again = refresh(found, BotocoreClients(), ["m7i.large"], now=NOW, advisor=lambda: b"{}", commitments=True)
    assert again.entries["m7i.large"].committed
    assert set(again.entries["m7i.large"].committed) == set(found.entries["m7i.large"].committed)
    assert any("DescribeSavingsPlansOfferingRates" in note for note in again.notes)


def test_a_catalogue_of_before_has_no_commitments():
    """A file that an earlier version kept is read: its rates and holdings are unknown."""
    store = Figures()
    write_cached(store, known_catalogue(None, "us-east-1"))
    given = json.loads(store["catalog/us-east-1.json"])
    del given["held"]
    for entry in given["entries"].values():
        del entry["committed"]
    found = read_cached(Figures({"catalog/us-east-1.json": json.dumps(given).encode()}), "us-east-1")
    assert found.held is None
    assert found.entries["m7i.large"].committed == ()


@pytest.mark.emulator
def test_the_catalogue_prints_rates_and_holdings(aws, tmp_path, monkeypatch, capsys):
    """Each rate with its day and break-even, what is held, and a dash for what is unknown; also as JSON and CSV."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scaler.yaml").write_text(CONFIG)
    monkeypatch.setitem(refresh.__kwdefaults__, "advisor", lambda: b"{}")
    asked = ["catalog", "--commitments", "--gpu", "L4:1", "--quiet"]
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert "1.5 USD/h savings plan until 2027-05-01" in out
    assert "2 × c7i.large reserved instance in us-east-1a" in out
    line = next(line for line in out.splitlines() if "g6.xlarge" in line and "reserved" in line and "held" not in line)
    assert "0.0500" in line
    assert "6%" in line
    assert main([*asked, "--offline", "--format", "csv"]) == 0
    assert "reserved_instance,31536000,no upfront,0.05,2026-11-02,Price List" in capsys.readouterr().out
    assert main([*asked, "--offline", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["held"]["items"][0]["usd_per_hour"] == 1.5


def test_unknown_rates_are_a_dash(tmp_path, monkeypatch, capsys):
    """Never asked: nothing about rates, nothing about what is held."""
    monkeypatch.chdir(tmp_path)
    assert main(["catalog", "--commitments", "--gpu", "L4:1", "--offline"]) == 0
    out = capsys.readouterr().out
    assert "held: — (never asked)" in out
    assert "0.0000" not in out


CONFIG = """\
version: 1
workloads:
  shop:
    target: {asg: shop}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: {m7i.large: 100/s}}
    limits: {min: 1, max: 20}
"""
