"""The panel engine beside Prophet, STL+ETS, AutoETS, MSTL+AutoARIMA, LightGBM and seasonal naive, in one run.

Without ``--full`` slow peers see a sample of the cases; their CPU is per fit and needs no scaling. Ratios compare the
same cases. ``SCALER_PEERS_PYTHON`` names an interpreter that has statsforecast and LightGBM.
"""

from __future__ import annotations

import os
import sys
from statistics import median
from typing import Literal

import numpy as np

from scripts.benches import Figure
from scripts.benches._child import cpu_seconds
from scripts.benches._forecast_runs import FLEET, QUICK, available, child, ours, peer
from scripts.benches._forecast_scores import QUANTILES, Scores, geometric_mean, log_ratios, score, seasonal_naive
from scripts.benches._forecast_sets import EvaluationSet, generated_set, real_sets, traces_folder

PEERS = ("prophet", "lightgbm", "stl_ets", "mstl_arima", "auto_ets")
#: Cases of a set that a peer sees without ``--full``. AutoETS at 5 minutes takes a minute a fit: never.
SAMPLE = {"prophet": 12, "lightgbm": 1_000, "stl_ets": 8, "mstl_arima": 6, "auto_ets": 3}
#: At 5 minutes a fit costs ten times as much.
FINE_SHARE = 3
HOURLY_ONLY = ("auto_ets",)
FIVE_MINUTES = 300
THREE_WEEKS = 21
Logs = dict[str, float]
AT_MOST: Literal["<="] = "<="
AT_LEAST: Literal[">="] = ">="


def run(*, full: bool = False) -> list[Figure]:
    """All figures. Sets of real demand are left out, and their figures unmeasured, where the traces are missing."""
    folder = traces_folder()
    sets = real_sets(folder, origins=4 if full else 2) if folder else []
    sets.append(generated_set(64 if full else 24, origins=2))
    made = {given.name: score(given, ours(given), list(given.cases)) for given in sets}
    ratios, cpu = _peers(sets, made, full)
    return [*_speed(cpu), *_accuracy(sets, ratios), *_coverage(sets, made), *_levels(sets, made)]


FORECAST_PATH = "import scaler.forecast.panel.forecaster, threadpoolctl"
# scaler.cli.main.compute_on_one_thread; a program that imports scaler as a library decides for itself.
AS_THE_COMMAND_DOES = "import os; os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')"


def _speed(cpu: dict[str, float]) -> list[Figure]:
    """CPU per workload, memory and import."""
    few, many = child(FLEET, "1000"), child(FLEET, "10000")
    own = few["cpu"] / 1_000
    library = [sys.executable, "-c", FORECAST_PATH]
    command = [sys.executable, "-c", f"{AS_THE_COMMAND_DOES}; {FORECAST_PATH}"]
    figures = [Figure("cpu_ms_per_series", own * 1_000, "ms")]
    for name, goal in (("prophet", 60.0), ("auto_ets", 300.0), ("mstl_arima", None), ("stl_ets", None)):
        value = cpu[name] / own if name in cpu else None
        label = f"cpu_ratio_{name.replace('_', '')}" if goal else f"cpu_ratio_{name}"
        figures.append(Figure(label, value, "ratio", goal, AT_LEAST if goal else None))
    return [
        *figures,
        Figure("peak_mb_1000", few["peak_mb"], "MB", 400, "<="),
        Figure("scale_10k_over_1k", many["cpu"] / few["cpu"], "ratio", 11, "<="),
        Figure("import_cpu_s", median(cpu_seconds(command) for _ in range(5)), "s", 0.3, "<="),
        Figure("import_cpu_s_as_a_library", median(cpu_seconds(library) for _ in range(5)), "s"),
        Figure("quick_path_cpu_ms_per_1000", child(QUICK)["cpu_ms"], "ms", 50, "<="),
    ]


def _peers(
    sets: list[EvaluationSet], made: dict[str, Scores], full: bool
) -> tuple[dict[str, dict[str, Logs]], dict[str, float]]:
    """Logarithms of SQL ratios by peer, set and series; CPU seconds per fit on generated hourly demand."""
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    ratios: dict[str, dict[str, Logs]] = {"snaive": {}}
    cpu: dict[str, float] = {}
    for given in sets:
        cases = list(given.cases)
        naive = np.stack([seasonal_naive(case, given.step_seconds, given.horizon) for case in cases])
        ratios["snaive"][given.name] = log_ratios(made[given.name].sql, score(given, naive, cases).sql, cases)
    for model in available(PEERS):
        ratios[model] = {}
        for given in sets:
            if model in HOURLY_ONLY and given.step_seconds <= FIVE_MINUTES:
                continue
            rows = _sample(given, None if full else _most(model, given))
            cases = [given.cases[row] for row in rows]
            print(f"forecast: {model} on {len(cases)} of {len(given.cases)} cases of {given.name}", file=sys.stderr)
            answer = peer(model, given, cases, min(workers, 2))
            if answer is None:
                continue
            ratios[model][given.name] = log_ratios(
                made[given.name].sql[rows], score(given, answer[0], cases).sql, cases
            )
            if not given.real:
                cpu[model] = float(np.mean(answer[1]))
    return ratios, cpu


def _most(model: str, given: EvaluationSet) -> int:
    return max(1, SAMPLE[model] // (FINE_SHARE if given.step_seconds <= FIVE_MINUTES else 1))


def _sample(given: EvaluationSet, most: int | None) -> list[int]:
    """Evenly spread cases."""
    count = len(given.cases)
    if most is None or count <= most:
        return list(range(count))
    return sorted({int(row) for row in np.linspace(0, count - 1, most)})


def _accuracy(sets: list[EvaluationSet], ratios: dict[str, dict[str, Logs]]) -> list[Figure]:
    """Geometric-mean SQL ratios with their intervals: pooled over the real sets, and on each."""
    real = [given for given in sets if given.real]
    hourly = [given for given in real if given.step_seconds > FIVE_MINUTES]
    fine = [given for given in real if given.step_seconds <= FIVE_MINUTES]
    figures: list[Figure] = []
    for model, chosen, name, goal in (
        ("prophet", real, "sql_ratio_prophet", 0.85),
        ("mstl_arima", real, "sql_ratio_mstl_arima", 1.0),
        ("snaive", hourly, "sql_ratio_snaive_hourly", 0.85),
        ("snaive", fine, "sql_ratio_snaive_5min", 1.0),
        ("lightgbm", real, "sql_ratio_lightgbm", None),
        ("stl_ets", real, "sql_ratio_stl_ets", None),
        ("auto_ets", hourly, "sql_ratio_autoets", None),
    ):
        by_set = [ratios.get(model, {}).get(given.name, {}) for given in chosen]
        figures += _ratio(name, [value for logs in by_set for value in logs.values()], goal)
        held = {case.series for given in chosen for case in given.cases if case.held_out}
        kept = [value for logs in by_set for series, value in logs.items() if series in held]
        figures += _ratio(f"{name}_held_out", kept, None)[:1]
    for given in sets:
        logs = ratios.get("prophet", {}).get(given.name, {})
        goal = 0.9 if given.real else None
        figures += _ratio(f"sql_ratio_prophet[{given.name}]", list(logs.values()), goal)
    return figures


def _ratio(name: str, logs: list[float], goal: float | None) -> list[Figure]:
    direction = AT_MOST if goal is not None else None
    if not logs:
        return [Figure(name, None, "ratio", goal, direction)]
    value, low, high = geometric_mean(logs)
    bounds = [Figure(f"{name}_low", low, "ratio"), Figure(f"{name}_high", high, "ratio")]
    return [Figure(name, value, "ratio", goal, direction), *bounds]


def _coverage(sets: list[EvaluationSet], made: dict[str, Scores]) -> list[Figure]:
    """Largest miss of the coverage over the sets with three weeks of history or more."""
    figures = []
    for label, held_only in (("", False), ("_held_out", True)):
        worst: dict[float, float] = {}
        for given in sets:
            rows = [row for row, case in enumerate(given.cases) if case.held_out or not held_only]
            if given.shortest_history_days < THREE_WEEKS or not rows:
                continue
            found = np.nanmean(made[given.name].coverage[rows], axis=0)
            for level in (0.5, 0.9, 0.95, 0.99):
                miss = abs(float(found[QUANTILES.index(level)]) - level)
                worst[level] = max(miss, worst.get(level, 0.0))
        goals = (0.03, 0.015) if not held_only else (None, None)
        middle = max(worst[level] for level in (0.5, 0.9, 0.95))
        figures.append(
            Figure(f"coverage_error_50_90_95{label}", middle, "share", goals[0], AT_MOST if goals[0] else None)
        )
        figures.append(
            Figure(f"coverage_error_99{label}", worst[0.99], "share", goals[1], AT_MOST if goals[1] else None)
        )
    return figures


def _levels(sets: list[EvaluationSet], made: dict[str, Scores]) -> list[Figure]:
    """What stands behind the summary: per set SQL, MASE, wQL and coverage."""
    figures = []
    for given in sets:
        scores = made[given.name]
        figures.append(Figure(f"sql[{given.name}]", _typical(scores.sql), "ratio"))
        figures.append(Figure(f"mase[{given.name}]", _typical(scores.mase), "ratio"))
        figures.append(Figure(f"wql[{given.name}]", scores.wql, "ratio"))
        for level in (0.5, 0.9, 0.95, 0.99):
            share = float(np.nanmean(scores.coverage[:, QUANTILES.index(level)]))
            figures.append(Figure(f"coverage_{round(level * 100)}[{given.name}]", share, "share"))
    return figures


def _typical(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return float(np.nanmedian(values))
