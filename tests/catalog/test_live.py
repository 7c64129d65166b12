"""The live catalogue: AWS's answers become dated figures, and what AWS does not say stays unknown."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from scaler.aws.interface import AwsFailed
from scaler.aws.session import BotocoreClients
from scaler.catalog.cache import read_cached, write_cached
from scaler.catalog.hardware import describe_types, offered_zones
from scaler.catalog.interface import Catalogue, CatalogueFailed
from scaler.catalog.known import known_catalogue
from scaler.catalog.pricing import on_demand_prices, product_prices
from scaler.catalog.quotas import quota_family, vcpu_quotas
from scaler.catalog.refresh import refresh
from scaler.catalog.spot import advisor_risks, placement_scores, read_advisor, spot_prices
from scaler.cli.main import main
from tests.catalog.stubs import stubbed
from tests.standins.gaps import GapsStandIn
from tests.standins.http import Answer, StandIn

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TYPES = ["g6.xlarge", "m7i.large", "p5.48xlarge"]


def product(usd="0.1008", name="m7i.large", published="2026-11-02T10:00:00Z"):
    """A product as the Price List gives it."""
    return json.dumps(
        {
            "product": {"productFamily": "Compute Instance", "attributes": {"instanceType": name}},
            "publicationDate": published,
            "terms": {
                "OnDemand": {
                    "A.B": {
                        "effectiveDate": "2026-10-01T00:00:00Z",
                        "priceDimensions": {"A.B.C": {"unit": "Hrs", "pricePerUnit": {"USD": usd}}},
                    }
                }
            },
        }
    )


class Figures(dict):
    """A store of catalogues in memory."""

    def read(self, key):
        """As a store reads."""
        return self.get(key)

    def write(self, key, data):
        """As a store writes."""
        self[key] = data


@pytest.fixture
def emulator(aws_emulator, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_emulator)
    return BotocoreClients(region="us-east-1")


@pytest.mark.emulator
def test_hardware_comes_from_ec2_and_unknown_names_are_left_out(emulator):
    """vCPUs, memory and GPUs of the types asked for; a part of a GPU is a fraction, not none."""
    found = describe_types(emulator, "us-east-1", today=TODAY, names=[*TYPES, "g6f.large", "m7i.lrage"])
    assert sorted(found) == ["g6.xlarge", "g6f.large", "m7i.large", "p5.48xlarge"]
    assert (found["m7i.large"].vcpus, found["m7i.large"].memory_mib, found["m7i.large"].gpu) == (2, 8192, None)
    gpu = found["p5.48xlarge"].gpu
    assert (gpu.name, gpu.count, gpu.memory_mib) == ("H100", 8, 81920)
    assert found["g6f.large"].gpu.count == 0.125
    assert all(each.as_of == TODAY for each in found.values())


@pytest.mark.emulator
def test_zones_that_offer_a_type(emulator):
    """Sorted names of zones; a type that the region does not have has none, which is not unknown."""
    found = offered_zones(emulator, "us-east-1", ["m7i.large", "no.such"])
    assert found["m7i.large"][:2] == ("us-east-1a", "us-east-1b")
    assert found["no.such"] == ()


@pytest.mark.emulator
def test_a_spot_price_keeps_the_day_it_is_of(emulator):
    """The price in force may be old: its day is that of the change, not of the question."""
    found = spot_prices(emulator, "us-east-1", ["m7i.large"], at=NOW)
    assert found["m7i.large"]["us-east-1a"].as_of < TODAY - timedelta(days=365)


def test_the_latest_spot_price_of_each_zone_is_taken():
    """Of several changes the last one before the moment counts, and none after it."""
    with stubbed() as clients:
        clients.answer(
            "ec2",
            "describe_spot_price_history",
            {
                "SpotPriceHistory": [
                    {
                        "InstanceType": "m7i.large",
                        "AvailabilityZone": "us-east-1a",
                        "SpotPrice": price,
                        "ProductDescription": "Linux/UNIX",
                        "Timestamp": NOW + timedelta(hours=hours),
                    }
                    for price, hours in (("0.05", -5), ("0.04", -1), ("0.09", 1), ("0.00", -1))
                ]
            },
        )
        found = spot_prices(clients, "us-east-1", ["m7i.large"], at=NOW)
    assert found["m7i.large"]["us-east-1a"].usd_per_hour == 0.04


def test_a_price_is_of_the_day_it_was_published():
    """The on-demand price with the day of its list; asked in a region where the Price List answers."""
    with stubbed() as clients:
        clients.answer("pricing", "get_products", {"PriceList": [product()], "NextToken": "2"})
        clients.answer("pricing", "get_products", {"PriceList": [product("0.1500")]})
        found = on_demand_prices(clients, "eu-west-1", ["m7i.large"])
        assert clients.regions["pricing"][-1] == "us-east-1"
    assert found["m7i.large"].usd_per_hour == 0.15
    assert found["m7i.large"].as_of == date(2026, 11, 2)


@pytest.mark.parametrize("usd", ["0", "0.0000000000", "NaN", "inf"])
def test_a_price_of_nothing_is_no_price(usd):
    """Zero, NaN and infinity are unknown: a type is never free."""
    assert product_prices(product(usd)) == []


@pytest.mark.parametrize("bad", ["[]", "{}", "no JSON", '{"terms": {"OnDemand": {"a": {}}}}'])
def test_what_is_no_product_is_refused(bad):
    """A changed format is an error, not an unknown price."""
    with pytest.raises(CatalogueFailed):
        product_prices(bad)


def test_pages_that_never_end_are_an_error():
    """The same token twice: a loop, not a longer list."""
    with stubbed() as clients:
        for _ in range(2):
            clients.answer("pricing", "get_products", {"PriceList": [product()], "NextToken": "again"})
        with pytest.raises(AwsFailed, match="loop"):
            on_demand_prices(clients, "us-east-1", ["m7i.large"])


def test_quotas_by_family():
    """Quotas by family and purchase option; a quota of zero is zero, one that is not answered is not there."""
    with stubbed() as clients:
        clients.answer(
            "service-quotas",
            "list_service_quotas",
            {
                "Quotas": [
                    {"QuotaCode": "L-1216C47A", "Value": 512.0},
                    {"QuotaCode": "L-7212CCBC", "Value": 0.0},
                    {"QuotaCode": "L-OTHER", "Value": 1.0},
                ]
            },
        )
        found = vcpu_quotas(clients, "us-east-1", today=TODAY)
    assert found["on-demand", "standard"].vcpus == 512
    assert found["spot", "p"].vcpus == 0
    assert len(found) == 2


@pytest.mark.parametrize(
    ("name", "family"),
    [("m7i.large", "standard"), ("g6e.xlarge", "g and vt"), ("gr6.4xlarge", "g and vt"), ("p5.48xlarge", "p"),
     ("inf2.xlarge", "inf"), ("trn1.2xlarge", "trn"), ("x2gd.large", "x"), ("t4g.micro", "standard")],
)  # fmt: skip
def test_the_quota_that_a_type_counts_against(name, family):
    """By family; spot of P5 has a quota of its own."""
    assert quota_family(name) == family
    assert quota_family("p5.48xlarge", "spot") == "p5"


def test_placement_scores_hold_for_an_hour():
    """Best zone first; a score of more than an hour ago, or of later, says nothing."""
    with stubbed() as clients:
        clients.answer(
            "ec2",
            "get_spot_placement_scores",
            {
                "SpotPlacementScores": [
                    {"Region": "us-east-1", "AvailabilityZoneId": "use1-az1", "Score": 3},
                    {"Region": "us-east-1", "AvailabilityZoneId": "use1-az4", "Score": 9},
                ]
            },
        )
        scores = placement_scores(clients, "us-east-1", TYPES, units=20, now=NOW)
        with pytest.raises(ValueError, match="at least 3"):
            placement_scores(clients, "us-east-1", TYPES[:2], units=20, now=NOW)
    assert [(each.zone_id, each.score) for each in scores] == [("use1-az4", 9), ("use1-az1", 3)]
    assert scores[0].holds(NOW + timedelta(minutes=59))
    assert not scores[0].holds(NOW + timedelta(minutes=61))
    assert not scores[0].holds(NOW - timedelta(minutes=1))


ADVISOR = {
    "ranges": [{"index": 0, "label": "<5%"}, {"index": 4, "label": ">20%"}],
    "spot_advisor": {"us-east-1": {"Linux": {"m7i.large": {"s": 61, "r": 4}}, "Windows": {}}},
}


def test_interruption_bands_over_http():
    """The advisor's file, read over HTTP, gives the band and the saving of a type in a region."""

    class Served(StandIn):
        def respond(self, headers, body):
            return Answer(json.dumps(ADVISOR).encode(), "application/json")

    with Served() as served:
        content = read_advisor(f"{served.url}/spot-advisor-data.json")
    risks = advisor_risks(content, "us-east-1", today=TODAY)
    assert (risks["m7i.large"].interruptions, risks["m7i.large"].savings_percent) == (">20%", 61)
    assert advisor_risks(content, "eu-west-1", today=TODAY) == {}


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"ranges": []}', b'{"ranges": [{"index": 1}]}'])
def test_an_advisor_that_has_changed_is_an_error(content):
    """It is unofficial and may change: then its bands are unknown, with a reason."""
    with pytest.raises(CatalogueFailed, match="Advisor"):
        advisor_risks(content, "us-east-1", today=TODAY)


def test_an_advisor_that_is_gone_is_an_error():
    """No connection is told, not taken for an empty file."""
    with pytest.raises(CatalogueFailed, match="Advisor"):
        read_advisor("http://127.0.0.1:9/none", timeout_seconds=1)


@pytest.mark.traces
def test_the_advisor_of_a_real_day_is_read(traces):
    """Hundreds of types in a region, each with a band that AWS names."""
    content = (traces / "spot_advisor" / "spot-advisor-data_2025-06-28.json").read_bytes()
    risks = advisor_risks(content, "us-east-1", today=TODAY)
    assert len(risks) > 500
    assert {risk.interruptions for risk in risks.values()} <= {"<5%", "5-10%", "10-15%", "15-20%", ">20%"}


@pytest.mark.emulator
def test_what_cannot_be_had_keeps_its_value_and_its_day(emulator):
    """The emulator has no Price List: the starter's prices stay, dated as they were, and a note says why."""
    known = known_catalogue(None, "us-east-1")
    before = known.entries["m7i.large"].on_demand

    def no_advisor():
        raise CatalogueFailed("no advisor", why="test", next_step="none")

    found = refresh(known, emulator, ["m7i.large"], now=NOW, advisor=no_advisor)
    entry = found.entries["m7i.large"]
    assert entry.on_demand == before
    assert entry.hardware.as_of == TODAY
    assert entry.zones
    assert [note.partition(":")[0] for note in found.notes] == ["on-demand prices", "interruption bands"]


@pytest.mark.emulator
def test_types_that_do_not_ship_are_found_and_kept(aws_emulator, tmp_path, monkeypatch, capsys):
    """All types of the region with the GPU, and those of the configuration: then known without AWS, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setitem(refresh.__kwdefaults__, "advisor", lambda: b"{}")
    (tmp_path / "scaler.yaml").write_text(
        "version: 1\nworkloads:\n  shop:\n    target: {asg: shop}\n    load: {file: {path: h.csv, period: 15m}}\n"
        "    capacity: {throughput: {m7g.4xlarge: 100/s}}\n    limits: {min: 1, max: 20}\n"
    )
    shipped = known_catalogue(None, "us-east-1").entries
    assert not {"gr6.4xlarge", "g6.16xlarge", "m7g.4xlarge"} & set(shipped)

    def printed(*arguments):
        assert main(["catalog", "--quiet", "--format", "json", *arguments]) == 0
        return {each["hardware"]["instance_type"]: each for each in json.loads(capsys.readouterr().out)["types"]}

    with GapsStandIn(aws_emulator, answers={"GetProducts": {"PriceList": [product("1.5")]}}) as stand_in:
        monkeypatch.setenv("AWS_ENDPOINT_URL", stand_in.url)
        found = printed("--gpu", "L4:1")
    assert {"g6.xlarge", "g6.16xlarge", "gr6.4xlarge"} <= set(found)
    assert all(
        (each["hardware"]["gpu"]["name"], each["hardware"]["gpu"]["count"]) == ("L4", 1) for each in found.values()
    )
    assert found["gr6.4xlarge"]["zones"]
    assert printed("--offline", "--gpu", "L4:1") == found
    configured = printed("--offline")["m7g.4xlarge"]
    assert (configured["hardware"]["vcpus"], configured["on_demand"]["usd_per_hour"]) == (16, 1.5)


@pytest.mark.emulator
def test_a_name_that_the_region_does_not_have_is_not_asked_for_prices(emulator, monkeypatch):
    """One unknown name must not cost the spot prices of the others, which AWS would refuse together."""
    asked = []
    monkeypatch.setattr("scaler.catalog.refresh.spot_prices", lambda *given, **_: asked.append(given[2]) or {})
    refresh(known_catalogue(None, "us-east-1"), emulator, ["m7i.lrage", "m7i.large"], now=NOW, advisor=lambda: b"{}")
    assert asked == [["m7i.large"]]


@pytest.mark.emulator
def test_a_catalogue_in_the_store_reads_as_it_was_written(emulator):
    """Every figure with its day and source; the same catalogue is the same bytes."""
    known = known_catalogue(None, "us-east-1")
    found = refresh(known, emulator, TYPES, now=NOW, advisor=lambda: json.dumps(ADVISOR).encode())
    store = Figures()
    write_cached(store, found)
    first = dict(store)
    assert read_cached(store, "us-east-1") == found
    write_cached(store, found)
    assert dict(store) == first
    assert known_catalogue(store, "us-east-1").entries["m7i.large"].risk.interruptions == ">20%"


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format": 9}', b'{"format": 1, "entries": {"a": {}}}'])
def test_a_damaged_catalogue_is_refused(content):
    """Half a file is not an empty catalogue."""
    with pytest.raises(CatalogueFailed, match="is no catalogue"):
        read_cached(Figures({"catalog/us-east-1.json": content}), "us-east-1")


def test_a_catalogue_needs_a_region_to_be_kept():
    """Prices without a region belong nowhere."""
    with pytest.raises(ValueError, match="region"):
        write_cached(Figures(), Catalogue(None, {}, "test"))
