"""Workloads that are about to be planned, and figures of a region, known exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np

from scaler.capacity.interface import Requirement, UnitCapacity
from scaler.catalog.quotas import QUOTA_CODES, Quota
from scaler.config import Config, PricesConfig
from scaler.config.resolved import Project
from scaler.live.interface import LiveGroup
from scaler.mix.group import PreferenceMixer, group_mix
from scaler.preflight.check import preflight
from scaler.preflight.interface import Bounds, Figure, GroupPlace, Planned, RegionFigures, Running, Subnet

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
VCPUS = {"m7i.large": 2, "m7i.xlarge": 4, "c7i.large": 2, "g6.xlarge": 4, "g6.12xlarge": 48, "p5.48xlarge": 192}
MIXER = PreferenceMixer()
PRICES = PricesConfig(
    as_of="2026-11-01",
    usd_per_hour={name: {"on_demand": vcpus * 0.05, "spot": vcpus * 0.02} for name, vcpus in VCPUS.items()},
)


def planned(
    units,
    *,
    name="shop",
    weights=None,
    spot=0.0,
    maximum=1000,
    running=0,
    zones=1,
    prices=PRICES,
    target=None,
    live_max=1000,
):
    """A workload that needs ``units`` per quarter of an hour."""
    weights = weights or {"m7i.large": 1}
    document = {
        "target": target or {"asg": name},
        "load": {"file": {"path": "h.csv", "statistic": "Sum", "period": "15m"}},
        "capacity": {"throughput": {each: f"{100 * weight}/s" for each, weight in weights.items()}, "weights": weights},
        "limits": {"min": 0, "max": maximum},
        "spot": {"max_share": spot},
    }
    config = Config.model_validate({"version": 1, "workloads": {name: document}})
    (workload,) = Project(config, None).workloads()
    values = np.asarray(units, dtype=np.int64)
    capacity = UnitCapacity(100.0, tuple(weights.items()), "test", zones=zones)
    needed = Requirement(name, NOW, 900, 0.99, "test", values, values, values, values * 100.0, capacity, 300)
    live = None if running is None else LiveGroup(0, live_max, running, (), "f" * 64)
    mix = group_mix(workload.spot, tuple(weights.items()), prices)
    return Planned(workload, needed, mix, VCPUS, live)


def quotas(**vcpus):
    """``on_demand_standard=64`` and the like, as read now."""
    found = {}
    for name, value in vcpus.items():
        kind, family = ("on-demand", name[10:]) if name.startswith("on_demand_") else ("spot", name[5:])
        key = (kind, family.replace("_", " "))
        found[key] = Quota(*key, float(value), QUOTA_CODES[key], NOW.date())
    return Figure(found, NOW)


def region(*, quota=None, running=(), zones=("us-east-1a", "us-east-1b"), offered=None, scores=None, free=250):
    """Figures of a region in which all is well."""
    subnets = tuple(Subnet(f"subnet-{zone[-1]}", zone, f"use1-az{zone[-1]}", free) for zone in zones)
    return RegionFigures(
        None,
        quotas=quotas(on_demand_standard=10_000, spot_standard=10_000, on_demand_g_and_vt=10_000, spot_g_and_vt=10_000)
        if quota is None
        else quota,
        running=Figure(tuple(Running(*row) for row in running), NOW) if running is not None else Figure(why="denied"),
        places={"shop": Figure(GroupPlace(tuple(zones), tuple(subnet.name for subnet in subnets)), NOW)},
        subnets={subnet.name: Figure(subnet, NOW) for subnet in subnets},
        offered={name: Figure(tuple(zones), NOW) for name in VCPUS} | (offered or {}),
        scores=scores or {},
    )


def findings(workloads, figures, *, check=None, as_of=NOW, now=NOW, **bounds):
    """Findings of the first workload, of one check or of all, but those that passed."""
    workloads = workloads if isinstance(workloads, list) else [workloads]
    found = preflight(workloads, {None: figures}, MIXER, now=now, as_of=as_of, bounds=Bounds(**bounds))
    mine = found[workloads[0].workload.name]
    return [each for each in mine if each.check == check] if check else [e for e in mine if e.grade != "passed"]


TODAY = date(2026, 11, 16)
