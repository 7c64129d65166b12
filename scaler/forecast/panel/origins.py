"""At which points of the past the candidates are tried."""

from __future__ import annotations

from dataclasses import dataclass

from scaler.forecast.panel.grid import Season

#: Origins at most; each costs one prediction of every candidate.
MOST_ORIGINS = 12
#: History that an origin leaves for fitting, in weeks where there is enough, at least.
LEAST_WEEKS = 2.0


@dataclass(frozen=True)
class Origins:
    """Rolling origins.

    Attributes:
        steps: ascending; whole days before the end of the history, so that slots of the day align.
        lengths: per origin, how many steps of its horizon were observed before the cutoff.
    """

    steps: tuple[int, ...]
    lengths: tuple[int, ...]


def choose_origins(history: int, horizon: int, season: Season) -> Origins:
    """Whole days back from the cutoff, spread over the history that is not needed for a first fit.

    The spacing in days has no factor in common with seven, so that every weekday is both start and target.
    """
    day = season.day
    least = min(int(LEAST_WEEKS * season.week), max(history // 2, day))
    most_days = (history - least) // day
    if most_days < 1:
        return Origins((), ())
    spacing = max(1, -(-most_days // MOST_ORIGINS))
    if spacing % 7 == 0:
        spacing += 1
    back = [days * day for days in range(spacing, most_days + 1, spacing)]
    # The nearest origins see a part of the horizon only; with daily ones most would, so they are thinned.
    lengths = [min(horizon, length) for length in back]
    pairs = sorted(zip((history - length for length in back), lengths, strict=True))
    return Origins(tuple(o for o, _ in pairs), tuple(n for _, n in pairs))
