"""Peers of the forecast benchmark. Runs alone under any interpreter that has the libraries; imports nothing of scaler.

    python _forecast_peers.py MODEL IN.npz OUT.npz WORKERS

``IN.npz``: ``history`` (cases padded in front with NaN), ``lengths``, ``start``, ``group``, ``step_seconds``,
``horizon``, ``quantiles``. ``OUT.npz``: ``values`` (cases, horizon, quantiles), NaN where a fit failed, and
``cpu_seconds`` per case. Every fit runs on one thread.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_threads] = "1"

import numpy as np  # noqa: E402 - after the number of threads is set

DAY = 86_400
SAMPLES = 1_000
Array = Any


def prophet(history: Array, start: int, step: int, horizon: int, quantiles: Array) -> Array:
    """Prophet as it comes, quantiles of its predictive samples."""
    import logging

    logging.getLogger("cmdstanpy").disabled = True
    logging.getLogger("prophet").setLevel(logging.ERROR)
    import pandas as pd
    from prophet import Prophet

    times = pd.to_datetime(start + step * np.arange(history.size + horizon), unit="s")
    model = Prophet(uncertainty_samples=SAMPLES)
    model.fit(pd.DataFrame({"ds": times[: history.size], "y": history}))
    samples = model.predictive_samples(pd.DataFrame({"ds": times[history.size :]}))["yhat"]
    return np.quantile(samples, quantiles, axis=1).T


def stl_ets(history: Array, start: int, step: int, horizon: int, quantiles: Array) -> Array:  # noqa: ARG001
    """STL on the day, damped additive ETS on the rest, quantiles of simulated paths."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    from statsmodels.tsa.seasonal import STL

    day = DAY // step
    parts = STL(history, period=day, robust=False).fit()
    fit = ETSModel(history - parts.seasonal, error="add", trend="add", damped_trend=True).fit(disp=False)
    paths = fit.simulate(horizon, repetitions=SAMPLES, anchor="end", rng=np.random.default_rng(7))
    season = np.resize(parts.seasonal[-day:], horizon)
    return np.quantile(np.asarray(paths).reshape(horizon, SAMPLES), quantiles, axis=1).T + season[:, None]


def _statsforecast(model: Any, history: Array, horizon: int, quantiles: Array) -> Array:
    levels = sorted({round(abs(2 * q - 1) * 100, 6) for q in quantiles if q != 0.5})
    made = model.forecast(y=history, h=horizon, level=levels)
    columns = [
        made["mean"] if q == 0.5 else made[f"{'lo' if q < 0.5 else 'hi'}-{round(abs(2 * q - 1) * 100, 6)}"]
        for q in quantiles
    ]
    return np.stack([np.asarray(column, float) for column in columns], axis=1)


def auto_ets(history: Array, start: int, step: int, horizon: int, quantiles: Array) -> Array:  # noqa: ARG001
    """Statsforecast AutoETS with the day as its season, as it comes."""
    from statsforecast.models import AutoETS

    return _statsforecast(AutoETS(season_length=DAY // step), history, horizon, quantiles)


def mstl_arima(history: Array, start: int, step: int, horizon: int, quantiles: Array) -> Array:  # noqa: ARG001
    """Statsforecast MSTL on day and week (where two weeks are there) with AutoARIMA as trend forecaster."""
    from statsforecast.models import MSTL, AutoARIMA

    seasons = [DAY // step] + ([7 * DAY // step] if history.size >= 14 * DAY // step else [])
    return _statsforecast(MSTL(season_length=seasons, trend_forecaster=AutoARIMA()), history, horizon, quantiles)


LOCAL = {"prophet": prophet, "stl_ets": stl_ets, "auto_ets": auto_ets, "mstl_arima": mstl_arima}


def _filled(history: Array, day: int) -> Array:
    """Missing steps as the median of their slot of the day: these libraries take no gaps."""
    values = history.copy()
    for slot in range(day):
        part = values[slot::day]
        seen = part[np.isfinite(part)]
        part[~np.isfinite(part)] = np.median(seen) if seen.size else np.nanmedian(history)
    return values


def _fit(model: str, case: tuple[Array, int], *, step: int, horizon: int, quantiles: Array) -> tuple[Array, float]:
    warnings.simplefilter("ignore")
    history, start = case
    began = time.process_time()
    try:
        values = LOCAL[model](
            history if model == "prophet" else _filled(history, DAY // step), start, step, horizon, quantiles
        )
    except Exception as error:
        print(f"{model}: {error}", file=sys.stderr)
        values = np.full((horizon, quantiles.size), np.nan)
    return values, time.process_time() - began


def _warm(model: str) -> None:
    """Import and compile before the clock starts."""
    y = 100 + 10 * np.sin(np.arange(24 * 21) * 2 * np.pi / 24) + np.random.default_rng(0).normal(0, 1, 24 * 21)
    _fit(model, (y, 0), step=3_600, horizon=24, quantiles=np.array([0.1, 0.5, 0.9]))


def lightgbm_global(cases: Any, groups: Array, step: int, horizon: int, quantiles: Array) -> tuple[Array, Array]:
    """One LightGBM model per quantile over all series with the same origin; lags, slot means, calendar."""
    import lightgbm

    values = np.full((len(cases), horizon, quantiles.size), np.nan)
    cpu = np.zeros(len(cases))
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        began = time.process_time()
        train = [_features(cases[row], step, horizon, train=True) for row in rows]
        x, y = np.concatenate([t[0] for t in train]), np.concatenate([t[1] for t in train])
        if len(x) > 120_000:
            keep = np.random.default_rng(0).choice(len(x), 120_000, replace=False)
            x, y = x[keep], y[keep]
        future = [_features(cases[row], step, horizon, train=False) for row in rows]
        for k, q in enumerate(quantiles):
            settings = {"objective": "quantile", "alpha": float(q), "num_threads": 1, "verbose": -1, "seed": 1}
            model = lightgbm.train(settings, lightgbm.Dataset(x, y), 100)
            for row, (features, _, scale) in zip(rows, future, strict=True):
                values[row, :, k] = model.predict(features) * scale
        values[rows] = np.sort(values[rows], axis=2)
        cpu[rows] = (time.process_time() - began) / rows.size
    return values, cpu


def _features(case: tuple[Array, int], step: int, horizon: int, *, train: bool) -> tuple[Array, Array, float]:
    history, start = case
    day = DAY // step
    y = _filled(history, day)
    scale = float(np.mean(np.abs(y))) or 1.0
    y = y / scale
    week = 7 * day if y.size > 7 * day + horizon + day else day
    origins = range(max(week, y.size - 4 * 7 * day), y.size - horizon + 1, max(horizon // 4, 1))
    rows, targets = [], []
    for origin in origins if train else [y.size]:
        lead = np.arange(horizon)
        at = origin + lead
        back = partial(_seasons_back, y, at, lead)
        clock = (start + at * step) % (7 * DAY)
        past = y[:origin]
        recent = np.full(horizon, past[-day:].mean())
        columns = [lead, clock % DAY, clock // DAY, back(day), back(week), recent, np.full(horizon, past[-1])]
        columns += [np.full(horizon, past[-week:].mean()), np.full(horizon, past.std())]
        rows.append(np.stack(columns, axis=1))
        targets.append(y[at] if train else at)
    return np.concatenate(rows), np.concatenate(targets), scale


def _seasons_back(y: Array, at: Array, lead: Array, season: int) -> Array:
    return y[at - (lead // season + 1) * season]


def main(model: str, source: str, target: str, workers: int) -> None:
    """Fit every case and write what came out."""
    given = np.load(source)
    step, horizon, quantiles = int(given["step_seconds"]), int(given["horizon"]), given["quantiles"]
    cases = [
        (row[row.size - size :], int(start))
        for row, size, start in zip(given["history"], given["lengths"], given["start"], strict=True)
    ]
    if model == "lightgbm":
        values, cpu = lightgbm_global(cases, given["group"], step, horizon, quantiles)
    else:
        fit = partial(_fit, model, step=step, horizon=horizon, quantiles=quantiles)
        with ProcessPoolExecutor(workers, initializer=_warm, initargs=(model,)) as pool:
            results = list(pool.map(fit, cases))
        values, cpu = np.stack([v for v, _ in results]), np.array([c for _, c in results])
    np.savez(target, values=values, cpu_seconds=cpu)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
