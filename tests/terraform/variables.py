"""Variables as scaler writes them, made by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any


def this_hour() -> datetime:
    """Terraform compares with the clock, so the variables must be of today."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def rfc3339(time: datetime) -> str:
    """A time as it stands in the variables."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def meta(hour: datetime, *, valid: timedelta = timedelta(hours=12)) -> dict[str, str]:
    """scaler_meta of a plan made in this hour."""
    return {
        "schema_version": "1.0",
        "plan_id": "0c1d" * 16,
        "generated_at": rfc3339(hour),
        "expires_at": rfc3339(hour + valid),
    }


def schedules(first: datetime, count: int, *, floor: int) -> dict[str, dict[str, Any]]:
    """One floor per hour; named by its time, so that rolling on moves none onto another's."""
    starts = [first + timedelta(hours=n) for n in range(count)]
    return {
        f"scaler-{start:%Y%m%dT%H%MZ}": {
            "start_time": rfc3339(start),
            "min_size": floor + start.hour % 4,
            "max_size": -1,
            "desired_capacity": -1,
        }
        for start in starts
    }


def workload(floor: int, planned: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """One entry of scaler_workloads."""
    return {
        "min_size": floor,
        "max_size": 40,
        "on_demand_base_capacity": 2,
        "on_demand_percentage_above_base_capacity": 40,
        "spot_allocation_strategy": "price-capacity-optimized",
        "instance_types": [
            {"instance_type": "m7i.large", "weighted_capacity": 2},
            {"instance_type": "m7i.xlarge", "weighted_capacity": 4},
        ],
        "schedules": planned,
    }


def document(hour: datetime, workloads: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """All variables."""
    return {"scaler_meta": meta(hour), "scaler_workloads": workloads}


def write(example: Path, variables: dict[str, Any]) -> None:
    """Put them where Terraform reads them by itself."""
    text = json.dumps(variables, sort_keys=True, indent=2, ensure_ascii=False)
    (example / "scaler.auto.tfvars.json").write_text(text, encoding="utf-8")
