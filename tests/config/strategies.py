"""Generators of configurations, as what a YAML file holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

INSTANCE_TYPES = ["m7i.large", "c7i.xlarge", "g6e.12xlarge", "u-6tb1.metal", "r8g.metal-24xl"]
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", fullmatch=True)
# What prints, bidirectional marks left out: they are refused.
TEXT = st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" "), min_size=1, max_size=30)
DURATIONS = st.builds(lambda number, unit: f"{number}{unit}", st.integers(1, 500), st.sampled_from("smhdw"))
SHARES = st.floats(0, 1) | st.integers(0, 100).map(lambda percent: f"{percent}%")
POSITIVE = st.floats(1e-9, 1e9)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def _with(
    required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


def _cloudwatch(statistics: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return _with(
        {"namespace": TEXT, "metric": TEXT, "statistic": statistics, "period": st.sampled_from(["1m", "5m", "1h"])},
        dimensions=st.dictionaries(TEXT, TEXT, max_size=3),
    )


def _file(statistics: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    formats = st.sampled_from(["csv", "parquet", "jsonl"])
    told = st.sampled_from(["load.csv", "a b.CSV.gz", "x/y.parquet", "z.pq", "load.jsonl", "load.ndjson.gz"])
    named = _with({"path": TEXT | st.just("-"), "format": formats, "statistic": statistics}, unique_id=TEXT)
    return named | _with({"path": told, "statistic": statistics}, unique_id=TEXT)


def _prometheus(statistics: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    variables = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
    return _with(
        {"query": TEXT, "statistic": statistics},
        url=st.sampled_from(["https://prometheus.example.com", "http://127.0.0.1:9090/x"]),
        period=st.sampled_from(["1m", "5m", "1h"]),
        ca_file=TEXT,
        auth=st.fixed_dictionaries({"bearer_token_env": variables})
        | st.fixed_dictionaries({"username_env": variables, "password_env": variables}),
    )


COUNTED = st.sampled_from(["Sum", "SampleCount"])
LEVELS = st.sampled_from(["Average", "Maximum", "Minimum", "p50", "p99.9", "p100"])


def _source(statistics: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.fixed_dictionaries({"cloudwatch": _cloudwatch(statistics)}),
        st.fixed_dictionaries({"prometheus": _prometheus(statistics)}),
        st.fixed_dictionaries({"file": _file(statistics)}),
    )


def _load(statistics: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda source, more: {**source, **more},
        _source(statistics),
        _some(missing=st.sampled_from(["gap", "zero"]), negative=st.sampled_from(["refuse", "gap", "zero"])),
    )


RATES = st.builds(lambda number, unit: f"{number!r}/{unit}", POSITIVE, st.sampled_from(["s", "m", "min", "h"]))
TYPES = st.sampled_from(INSTANCE_TYPES)


def _throughput(rates: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return _with({"throughput": st.dictionaries(TYPES, rates, min_size=1)}, lead_time=DURATIONS)


UTILISATION = _with(
    {
        "utilisation": _with(
            {
                "target": st.integers(1, 100).map(lambda percent: f"{percent}%"),
                "instances": _source(LEVELS) | st.fixed_dictionaries({"count": st.integers(1, 1000)}),
            },
            unit=st.sampled_from(["percent", "fraction"]),
        ),
        "weights": st.dictionaries(TYPES, st.integers(1, 999), min_size=1),
    },
    lead_time=DURATIONS,
)
LOAD_AND_CAPACITY = st.one_of(
    st.tuples(_load(COUNTED), _throughput(RATES)),
    st.tuples(_load(LEVELS), _throughput(RATES | POSITIVE | st.integers(1, 10**6))),
    st.tuples(_load(LEVELS), UTILISATION),
)
LIMITS = st.tuples(st.integers(0, 100_000), st.integers(1, 100_000)).map(
    lambda pair: {"min": min(pair), "max": max(pair)}
)
SIZES = st.lists(st.integers(0, 1000), min_size=3, max_size=3).map(
    lambda sizes: dict(zip(("min_size", "desired_size", "max_size"), sorted(sizes), strict=True))
)
STARTS = st.builds(
    lambda moment, zone: f"{moment:%Y-%m-%dT%H:%M}{zone}",
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1)),  # noqa: DTZ001 - wall time
    st.sampled_from(["", "Z", "+05:45"]),
)
EVENTS = st.lists(
    st.builds(
        lambda event, effect: {**event, **effect},
        _with(
            {"name": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,20}", fullmatch=True), "start": STARTS}
            | {"duration": DURATIONS},
            every=st.sampled_from(["day", "week", "month", "year", "0 9 * * 1-5", "*/15 0-6 1,15 * *"]),
        ),
        st.one_of(
            st.fixed_dictionaries({"multiplier": st.floats(0.01, 1000)}),
            st.fixed_dictionaries({"floor": st.floats(0, 1e9)}),
            st.just({"regressor": True}),
        ),
    ),
    max_size=2,
)
OVERRIDES = {
    "holidays": _with({"country": st.sampled_from(["US", "DE"])}, subdivision=st.sampled_from(["CA", "BE"])),
    "events": EVENTS,
    "calendar": _with({"file": TEXT}, multiplier=st.floats(0.01, 1000)),
    "region": st.sampled_from(["us-east-1", "eu-central-1", "us-gov-west-1", "ap-southeast-5"]),
    "timezone": st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu"]),
    "horizon": DURATIONS,
    "risk": st.one_of(
        st.fixed_dictionaries({"service_level": st.floats(0, 1, exclude_min=True, exclude_max=True)}),
        st.fixed_dictionaries({"shortage_cost": POSITIVE}),
    ),
    "history": _some(
        lookback=st.sampled_from(["1d", "36h", "2w", "15d"]), max_age=DURATIONS, max_missing=SHARES, overlap=DURATIONS
    ),
    "forecast": _some(
        model=st.sampled_from(["auto", "panel", "seasonal_naive", "stl_ets", "prophet"]),
        time_budget=DURATIONS,
        challengers=st.lists(st.sampled_from(["ets", "stl_ets", "sarimax", "prophet"]), max_size=4),
        cap=POSITIVE,
    ),
    "prices": st.fixed_dictionaries(
        {
            "as_of": st.dates().map(str),
            "usd_per_hour": st.dictionaries(TYPES, _some(on_demand=POSITIVE, spot=POSITIVE)),
        }
    ),
}


PLAIN = st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True)
# Targets without instance types, and the keys of apply that each of them may have.
OTHER_TARGETS = st.one_of(
    st.tuples(
        st.fixed_dictionaries({"ecs_service": st.builds("{}/{}".format, PLAIN, PLAIN)}),
        _some(
            require_tag=st.dictionaries(TEXT, TEXT, max_size=2),
            target_tracking=_with({"policy": PLAIN, "target_value": POSITIVE}),
            predictive_scaling=_with({"target_value": POSITIVE}, mode=st.sampled_from(["ForecastOnly"])),
        ),
    ),
    st.tuples(
        st.fixed_dictionaries({"sagemaker_endpoint": PLAIN | st.builds("{}/{}".format, PLAIN, PLAIN)}),
        _some(require_tag=st.dictionaries(TEXT, TEXT, max_size=2)),
    ),
    st.tuples(st.fixed_dictionaries({"lambda_alias": st.builds("{}:{}".format, PLAIN, PLAIN)}), st.builds(dict)),
    st.tuples(st.fixed_dictionaries({"node_pool": PLAIN}), st.builds(dict)),
    st.tuples(st.fixed_dictionaries({"deployment": st.builds("{}/{}".format, PLAIN, PLAIN)}), st.builds(dict)),
)


@st.composite
def workloads(draw: st.DrawFn) -> dict[str, Any]:
    """One workload of a group, or of something without instance types."""
    group = draw(_group_workloads())
    if draw(st.booleans()):
        return group
    (target, apply), load = draw(OTHER_TARGETS), draw(_load(COUNTED))
    kept = {key: value for key, value in group.items() if key not in ("spot", "capacity", "load", "target", "apply")}
    return {**kept, "target": target, "load": load, "capacity": {"throughput": draw(RATES)}, "apply": apply}


@st.composite
def _group_workloads(draw: st.DrawFn) -> dict[str, Any]:
    load, capacity = draw(LOAD_AND_CAPACITY)
    more = draw(
        _some(
            spot=_some(
                max_share=SHARES,
                on_demand_base=st.integers(0, 100),
                allocation_strategy=st.sampled_from(["price-capacity-optimized", "lowest-price"]),
            ),
            tags=st.dictionaries(TEXT, TEXT, max_size=3),
            live=st.just("aws") | SIZES,
            **OVERRIDES,
        )
    )
    # The default lookback is longer than CloudWatch keeps a minute.
    more.setdefault("history", {"lookback": "15d"})
    more["history"].setdefault("lookback", "15d")
    return {"target": {"asg": draw(NAMES)}, "load": load, "capacity": capacity, "limits": draw(LIMITS), **more}


def _one_writer(configuration: dict[str, Any]) -> bool:
    """Whether no group's recurring actions have two writers, apply and Terraform: that is refused."""
    if not configuration.get("outputs", {}).get("tfvars"):
        return True
    if configuration.get("plan", {}).get("schedule", "one-off") == "one-off":
        return True
    defaults = configuration.get("defaults", {}).get("apply")
    return not any(each.get("apply", defaults) for each in configuration["workloads"].values())


CONFIGURATIONS = _with(
    {"version": st.just(1), "workloads": st.dictionaries(NAMES, workloads(), min_size=1, max_size=3)},
    store=TEXT,
    defaults=_some(**OVERRIDES),
    plan=_some(
        step=st.sampled_from(["5m", "15m", "1h", "1d"]),
        expires_after=DURATIONS,
        max_actions=st.integers(2, 200),
        min_dwell=DURATIONS,
        schedule=st.sampled_from(["one-off", "weekly", "both"]),
        weekly_actions=st.integers(1, 200),
    ),
    outputs=_some(tfvars=TEXT, kubernetes=TEXT),
    kubernetes=_some(floors=st.sampled_from(["keda", "hpa"]), reacts_to=st.sampled_from(["cpu", "own"])),
).filter(_one_writer)
"""A whole ``scaler.yaml`` that is right."""
