"""What is known offline: a dated starter whose figures are right, names, and prices that are never free."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.catalog.interface import Catalogue, CatalogueFailed, Entry, Gpu, Hardware, Price, UnknownName
from scaler.catalog.known import check_names, known_catalogue, near_types
from scaler.catalog.prices import plan_prices
from scaler.catalog.selection import Selection, parse_gpu, select
from scaler.catalog.starter import known_names, starter_catalogue
from scaler.catalog.table import read_table, write_table
from scaler.cli.main import main
from scaler.config import PricesConfig
from scaler.errors import UsageError
from scaler.mix.group import PreferenceMixer, group_mix
from tests.pipeline.conftest import project  # noqa: F401 - a fixture
from tests.plan.conftest import configuration

TODAY = date(2026, 11, 21)
STARTER = starter_catalogue()


def test_the_starter_is_dated_and_sourced():
    """About eighty types, CPU and GPU; every figure has a day that has been, and says whom it is from."""
    entries = STARTER.entries.values()
    assert len(entries) >= 80
    assert sum(entry.hardware.gpu is not None for entry in entries) >= 20
    for entry in entries:
        assert entry.hardware.source
        assert entry.hardware.as_of <= TODAY
        if entry.on_demand is not None:
            assert entry.on_demand.source
            assert entry.on_demand.as_of <= TODAY
    assert STARTER.entries["p5e.48xlarge"].on_demand is None, "not in the Price List: unknown, not free"


@pytest.mark.traces
def test_the_starter_agrees_with_an_independent_catalogue(traces):
    """Hardware as it is there; prices within 1 %, and unknown where they are unknown there."""
    path = traces / "instance_catalog" / "ec2_catalog.csv"
    theirs = {row["instance_type"]: row for row in csv.DictReader(path.read_text().splitlines())}
    for name, entry in STARTER.entries.items():
        row = theirs[name]
        assert entry.hardware.vcpus == int(row["vcpus"]), name
        assert entry.hardware.memory_mib == int(row["memory_mib"]), name
        usd = row["od_usd_per_h_us_east_1"]
        assert (entry.on_demand is None) == (usd == ""), name
        if entry.on_demand is not None:
            assert entry.on_demand.usd_per_hour == pytest.approx(float(usd), rel=0.01), name
        if entry.hardware.gpu is not None and entry.hardware.gpu.count >= 1:
            assert entry.hardware.gpu.count == float(row["gpu_count"]), name
            assert entry.hardware.gpu.memory_mib == pytest.approx(float(row["gpu_memory_mib"]), rel=0.03), name


def test_a_table_reads_as_it_was_written():
    """The starter's file is what writing its entries gives, but for the remarks."""
    text = write_table(STARTER.entries.values(), ["a remark"])
    assert text.startswith("# a remark\n")
    assert read_table(text, "test") == STARTER.entries


@pytest.mark.parametrize("cell", ["", "free", "0", "-1", "nan"])
def test_a_table_with_a_bad_figure_is_refused(cell):
    """A price that is no price names its row; an empty cell is unknown."""
    text = write_table([STARTER.entries["m7i.large"]], []).replace(",0.1008,", f",{cell},")
    if not cell:
        assert read_table(text, "test")["m7i.large"].on_demand is None
        return
    with pytest.raises(CatalogueFailed, match=r"m7i\.large"):
        read_table(text, "test")


def test_prices_of_another_region_are_unknown():
    """The starter is of one region: elsewhere its hardware holds and its prices do not."""
    entry = known_catalogue(None, "eu-west-1").entries["m7i.large"]
    assert entry.hardware.vcpus == 2
    assert entry.on_demand is None


def test_without_a_region_the_plan_says_what_prices_need():
    """No price, and how to get one; not where the configuration gives prices or none are of interest."""
    nowhere = known_catalogue(None, None)
    found = plan_prices(None, ["m7i.large"], nowhere, today=TODAY, spot=True)
    assert found.prices is None
    assert "none is set; defaults.region or AWS_REGION names it" in found.notes[0]
    assert plan_prices(None, [], nowhere, today=TODAY, spot=True).notes == ()
    elsewhere = known_catalogue(None, "eu-west-1")
    assert plan_prices(None, ["m7i.large"], elsewhere, today=TODAY, spot=True).notes == ()


@pytest.mark.parametrize(
    ("name", "near"), [("m7i.lrage", "m7i.large"), ("m7i.2xlarg", "m7i.2xlarge"), ("g6x.xlarge", "g6.xlarge")]
)
def test_the_nearest_name_is_suggested_first(name, near):
    """Right family and wrong size, or the other way round."""
    assert near in near_types(name, known_names().types)[:2]


def check(workload, confirm=lambda *_: ()):
    check_names(configuration(**workload).workloads(), STARTER, confirm)


def test_an_unknown_type_is_refused_with_suggestions():
    """78, the key, and names that exist."""
    with pytest.raises(UnknownName, match=r"m7i\.lrage") as caught:
        check({"capacity": {"throughput": {"m7i.lrage": "1/s"}}})
    assert caught.value.exit_code == 78
    assert caught.value.key == "workloads.shop.capacity"
    assert "m7i.large" in caught.value.next_step


def test_an_unknown_region_is_refused_with_suggestions():
    """78, the key, and regions that exist."""
    with pytest.raises(UnknownName, match="us-esat-1") as caught:
        check({"region": "us-esat-1"})
    assert caught.value.key == "workloads.shop.region"
    assert "us-east-1" in caught.value.next_step


def test_a_type_that_is_newer_than_scaler_is_asked_about():
    """What AWS has is no mistake, whatever ships with scaler."""
    asked = []

    def confirm(region, names):
        asked.append((region, tuple(names)))
        return names

    check({"capacity": {"throughput": {"z99.large": "1/s"}}}, confirm)
    assert asked == [(None, ("z99.large",))]


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_mistyped_type_ends_the_command_at_its_line(project, capsys, command):  # noqa: F811
    """78 with file, line, key and the nearest name; no output is touched."""
    config = project()
    config.write_text(config.read_text().replace("m7i.large: 100/s", "m7i.lagre: 100/s"))
    when = ["--as-of", "2026-11-16T00:00Z", "--offline"] if command == "plan" else []
    assert main([command, "--config", str(config), *when]) == 78
    err = capsys.readouterr().err
    line = 1 + next(i for i, text in enumerate(config.read_text().splitlines()) if "capacity" in text)
    assert f"scaler.yaml:{line}: workloads.shop.capacity" in err
    assert "Did you mean m7i.large" in err
    assert not (config.parent / "scaler.auto.tfvars.json").exists()


def priced(usd, age_days):
    """A catalogue of one type with a price of that age, or without a price."""
    hardware = STARTER.entries["m7i.large"].hardware
    price = None if usd is None else Price(usd, TODAY - timedelta(days=age_days), "test")
    return Catalogue("us-east-1", {"m7i.large": Entry(hardware, price)}, "test")


def test_prices_come_from_the_catalogue_with_their_day():
    """Without prices in the configuration: the catalogue's, and a note with source and age."""
    known = plan_prices(None, ["m7i.large"], priced(0.1, 30), today=TODAY, spot=False)
    assert known.prices.usd_per_hour["m7i.large"].on_demand == 0.1
    assert known.prices.as_of == TODAY - timedelta(days=30)
    assert known.notes == ("prices of 2026-10-22 in us-east-1 from test, 30 days old",)


def test_prices_of_the_configuration_stand_alone():
    """They are not mixed with those of the catalogue: a type without one stays unknown."""
    given_prices = PricesConfig(as_of="2026-11-01", usd_per_hour={"c7i.large": {"on_demand": 0.2}})
    known = plan_prices(given_prices, ["m7i.large", "c7i.large"], priced(0.1, 1), today=TODAY, spot=False)
    assert set(known.prices.usd_per_hour) == {"c7i.large"}


def test_a_stale_price_is_unknown_and_its_age_is_shown():
    """Older than the limit: left out, with its age; the cost is None, never zero."""
    known = plan_prices(None, ["m7i.large"], priced(0.1, 401), today=TODAY, spot=False)
    assert known.prices is None
    assert "401 days old" in known.notes[0]
    mix = group_mix(configuration().workloads()[0].spot, (("m7i.large", 1),), known.prices)
    assert PreferenceMixer().split(mix, 3).usd_per_hour is None


@given(st.one_of(st.none(), st.floats(1e-9, 1e4)), st.integers(0, 3000), st.integers(1, 50))
def test_no_type_is_ever_free(usd, age, units):
    """Whatever is known of a price: the cost of some units is above zero, or unknown."""
    known = plan_prices(None, ["m7i.large"], priced(usd, age), today=TODAY, spot=False)
    spot = configuration(spot={"max_share": 0}).workloads()[0].spot
    cost = PreferenceMixer().split(group_mix(spot, (("m7i.large", 1),), known.prices), units).usd_per_hour
    assert cost is None or cost > 0
    assert (cost is None) == (usd is None or age > 400)


@pytest.mark.parametrize("usd", [0, -1, float("nan"), float("inf")])
def test_a_price_is_above_zero_and_finite(usd):
    """Nothing else can be a price."""
    with pytest.raises(ValueError, match="above zero"):
        Price(usd, TODAY, "test")


def test_selecting_by_gpu_memory_and_vcpus():
    """All conditions hold; the cheapest first and unknown prices last."""
    found = select(STARTER, Selection("l4", 1.0), "price")
    assert [entry.instance_type for entry in found] == ["g6.xlarge", "g6.2xlarge"]
    large = select(STARTER, Selection("*", 8, min_memory_gib=1000, min_vcpus=96), "price")
    assert large[-1].instance_type == "p5e.48xlarge"
    prices = [entry.on_demand.usd_per_hour for entry in large[:-1]]
    assert prices == sorted(prices)


@pytest.mark.parametrize("text", ["", ":1", "L4:", "L4:x", "L4:0", "L4:-1", "L4:nan"])
def test_a_gpu_that_names_none_is_wrong_usage(text):
    """64, and how it is written."""
    with pytest.raises(UsageError, match="--gpu"):
        parse_gpu(text)


def catalog(*arguments):
    return main(["catalog", "--offline", *arguments])


def test_the_catalogue_is_printed_with_its_days(capsys, tmp_path, monkeypatch):
    """A table with a day beside each price; unknown is a dash."""
    monkeypatch.chdir(tmp_path)
    assert catalog("--gpu", "H200:8") == 0
    out = capsys.readouterr().out
    unpriced = next(line for line in out.splitlines() if "p5e.48xlarge" in line)
    assert "—" in unpriced
    assert "0.0000" not in out
    assert "63.2960  2026-01-19" in out


def test_the_catalogue_as_json_and_csv(capsys, tmp_path, monkeypatch):
    """The same entries for programs: null and an empty cell for what is unknown."""
    monkeypatch.chdir(tmp_path)
    assert catalog("--gpu", "H200:8", "--format", "json") == 0
    types = json.loads(capsys.readouterr().out)["types"]
    assert [(t["hardware"]["instance_type"], t["on_demand"] is None) for t in types] == [
        ("p5en.48xlarge", False),
        ("p5e.48xlarge", True),
    ]
    assert catalog("--gpu", "H200:8", "--format", "csv") == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["on_demand_usd_per_hour"] for row in rows] == ["63.296", ""]


def test_a_wrong_region_of_the_catalogue(capsys, tmp_path, monkeypatch):
    """78 with the nearest region."""
    monkeypatch.chdir(tmp_path)
    assert catalog("--region", "us-esat-1") == 78
    assert "us-east-1" in capsys.readouterr().err


def test_names_that_a_spreadsheet_would_run_are_neutral(capsys):
    """A cell that begins like a formula is quoted."""
    from scaler.cli.catalog_table import as_csv

    hardware = Hardware("=cmd()", 1, 1, None, Gpu("@x", 1, None), TODAY, "test")
    rows = list(csv.reader(as_csv([Entry(replace(hardware))]).splitlines()))
    assert rows[1][0] == "'=cmd()"
    assert rows[1][4] == "'@x"
