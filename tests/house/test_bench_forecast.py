"""The forecast benchmark keeps score honestly."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.benches._forecast_scores import QUANTILES, geometric_mean, log_ratios, score, seasonal_naive
from scripts.benches._forecast_sets import Case, EvaluationSet, generated_set


def _case(history: np.ndarray, truth: np.ndarray, name: str = "s") -> Case:
    return Case(name, held_out=False, start_epoch=0, history=history, truth=truth)


def test_no_case_of_the_generated_fleet_shows_its_truth():
    """History and truth of a case follow each other without overlap, and the fleet is the same every time."""
    one, again = generated_set(8, origins=2), generated_set(8, origins=2)
    for case, same in zip(one.cases, again.cases, strict=True):
        assert case.history.tobytes() == same.history.tobytes()
        assert case.history.size == 56 * 24
        assert case.truth.size == 168
    first, second = one.cases[0], one.cases[1]
    assert first.series == second.series
    assert second.start_epoch - first.start_epoch == 168 * 3_600
    np.testing.assert_array_equal(second.history[-168:], first.truth)
    assert 0 < sum(case.held_out for case in one.cases) < len(one.cases)


def test_scores_of_a_known_forecast():
    """A forecast that is off by one day-naive error scores a MASE of 1; a perfect one 0; both cover as they lie."""
    day = np.tile(np.arange(24.0), 1)
    history = np.concatenate([day, day + 2, day + 4])
    truth = day + 6
    given = EvaluationSet("x", 3_600, 24, False, (_case(history, truth),))
    flat = np.repeat(truth[None, :, None], len(QUANTILES), axis=2)
    perfect, above = score(given, flat, list(given.cases)), score(given, flat + 2, list(given.cases))
    assert (perfect.sql[0], perfect.mase[0]) == (0, 0)
    assert above.mase[0] == pytest.approx(1.0)
    assert above.sql[0] == pytest.approx(0.5)
    below = score(given, flat - 2, list(given.cases))
    assert (below.coverage == 0).all()
    assert (above.coverage == 1).all()


def test_a_failed_peer_scores_nothing():
    """A fit that failed neither wins nor loses: it is left out of the ratio."""
    cases = [_case(np.arange(48.0), np.arange(24.0), name) for name in ("a", "b")]
    logs = log_ratios(np.array([1.0, 1.0]), np.array([2.0, np.nan]), cases)
    assert logs == {"a": pytest.approx(np.log(0.5))}
    assert geometric_mean(list(logs.values())) == pytest.approx((0.5, 0.5, 0.5))


def test_seasonal_naive_repeats_the_season_it_can_know():
    """With four weeks it repeats the week, with two days the day; its quantiles lie around it."""
    week = np.tile(np.arange(168.0), 4)
    made = seasonal_naive(_case(week, np.zeros(168)), 3_600, 168)
    np.testing.assert_allclose(made[:, QUANTILES.index(0.5)], np.arange(168.0))
    day = np.tile(np.arange(24.0), 2)
    np.testing.assert_allclose(seasonal_naive(_case(day, np.zeros(24)), 3_600, 24)[:, 0], np.arange(24.0))
