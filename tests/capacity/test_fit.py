"""Throughput fitted from history: near the truth, on the safe side of it, and refused where there is none."""

# ruff: noqa: F811 - fixtures are imported by name

from __future__ import annotations

import json

import numpy as np
import pytest

from scaler.capacity.fit import fit_throughput
from scaler.capacity.interface import CapacityRefused
from scaler.cli.main import main
from scaler.config.capacity import FitConfig
from tests.pipeline.conftest import project, web_demand  # noqa: F401 - a fixture

CONFIG = FitConfig(
    instance_type="m7i.large",
    signal={"file": {"path": "cpu.csv"}},
    instances={"file": {"path": "count.csv"}},
    target=60.0,
)


def observed(*, noise=2.0, per_percent=2.0, seed=1, steps=28 * 96):
    """Load, instances and CPU of a group whose instances need 1 % of CPU for each ``per_percent`` requests/s."""
    random = np.random.default_rng(seed)
    load = 500 + 300 * np.sin(np.arange(steps) * 2 * np.pi / 96) + random.normal(0, 20, steps)
    instances = np.maximum(1, np.round(load / 90))
    return load, instances, 5 + load / instances / per_percent + random.normal(0, noise, steps)


@pytest.mark.parametrize("seed", range(5))
def test_the_fit_is_near_the_truth_and_below_its_estimate(seed):
    """(60 − 5) % of CPU carry 110 requests/s; the planned figure is the lower end of the interval."""
    found = fit_throughput(CONFIG, *observed(seed=seed))
    assert found.point == pytest.approx(110, rel=0.08)
    assert 110 * 0.8 < found.per_instance <= found.point
    assert "R²" in found.source


def test_more_noise_is_less_certain():
    """The interval widens, so that less is promised relative to the estimate."""
    calm, noisy = (fit_throughput(CONFIG, *observed(noise=noise)) for noise in (0.5, 2.5))
    assert noisy.per_instance / noisy.point < calm.per_instance / calm.point


@pytest.mark.parametrize(
    "broken",
    [
        lambda load, count, cpu: (load, count, np.random.default_rng(1).permutation(cpu)),
        lambda load, count, cpu: (load, count, 100 - cpu),
        lambda load, count, cpu: (load[:50], count[:50], cpu[:50]),
        lambda load, count, cpu: (load, np.zeros_like(count), cpu),
        lambda load, count, cpu: (load, count, cpu / 10),
    ],
    ids=["no relation", "falling", "too few", "no instances", "target far beyond"],
)
def test_what_is_no_line_is_refused(broken):
    """A poor fit is no throughput: it says why."""
    with pytest.raises(CapacityRefused, match="cannot be fitted"):
        fit_throughput(CONFIG, *broken(*observed()))


def test_unknown_steps_are_left_out():
    """NaN in one of the series is not read as zero."""
    load, count, cpu = observed()
    gaps = np.random.default_rng(2).random(load.size) < 0.3
    found = fit_throughput(CONFIG, np.where(gaps, np.nan, load), count, cpu)
    assert found.steps == int((~gaps).sum())
    assert found.point == pytest.approx(110, rel=0.08)


def test_a_plan_fits_its_throughput_and_says_so(project, tmp_path, capsys):
    """From files to the plan: the level names the fit with its interval and R²."""
    config = project()
    times, values = web_demand()
    rate = values / 900
    count = np.maximum(1, np.round(rate / 90))
    cpu = 5 + rate / count / 2 + np.random.default_rng(4).normal(0, 1, rate.size)
    stamps = times.astype("datetime64[s]")
    rows = [
        f"{name},{t}Z,{v:.4f}"
        for name, series in (("cpu", cpu), ("count", count))
        for t, v in zip(stamps, series, strict=True)
    ]
    (tmp_path / "beside.csv").write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")
    fit = (
        "{instance_type: m7i.large, target: 60, "
        "signal: {file: {path: beside.csv, unique_id: cpu, period: 15m}}, "
        "instances: {file: {path: beside.csv, unique_id: count, period: 15m}}}"
    )
    config.write_text(config.read_text().replace("{throughput: {m7i.large: 100/s}}", f"{{fit: {fit}}}"))
    code = main(["plan", "--config", str(config), "--as-of", "2026-11-16T00:00Z", "--quiet", "--format", "json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    (workload,) = json.loads(out)["workloads"]
    assert "fitted throughput" in workload["requirement"]["source"]
    assert workload["requirement"]["demand_per_unit"] == pytest.approx(110, rel=0.1)
