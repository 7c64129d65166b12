"""A chart of a forecast as SVG: history, the median, and bands between quantiles. No script, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.interface import QuantileForecast
from scaler.forecast.svg import text_at
from scaler.history.interface import Panel

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 960, 260, 70, 30, 30
# History that is drawn, in horizons: enough to see the season that is continued.
HISTORY_HORIZONS = 3
# More points than pixels draw nothing more.
MOST_POINTS = 1_200
# Lowest, highest and fill opacity of each band.
_BANDS = ((0.05, 0.95, 0.18), (0.25, 0.75, 0.30))


@dataclass(frozen=True)
class _Scale:
    """From times and demand to the picture."""

    first: float
    last: float
    highest: float

    def x(self, time: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled: NDArray[np.float64] = LEFT + (time - self.first) / (self.last - self.first) * (WIDTH - LEFT - 10)
        return scaled

    def y(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled: NDArray[np.float64] = HEIGHT - BOTTOM - value / self.highest * (HEIGHT - TOP - BOTTOM)
        return scaled


def svg(panels: Sequence[Panel], forecasts: Sequence[QuantileForecast]) -> str:
    """One picture of all workloads, one below the other.

    Args:
        panels: the histories, in the order of ``forecasts``; a panel holds every name of its forecast.
    """
    parts = [
        _plot(panel, made, row) for panel, made in zip(panels, forecasts, strict=True) for row in range(len(made.names))
    ]
    placed = "".join(f'<g transform="translate(0 {HEIGHT * index})">{part}</g>' for index, part in enumerate(parts))
    height = HEIGHT * max(1, len(parts))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="11" role="img"><rect width="100%" height="100%" fill="#fff"/>'
        f"{placed}</svg>\n"
    )


def html(panels: Sequence[Panel], forecasts: Sequence[QuantileForecast]) -> str:
    """The same as a page of its own, which may load nothing."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>Forecast</title></head><body>{svg(panels, forecasts)}</body></html>\n"
    )


def _plot(panel: Panel, made: QuantileForecast, row: int) -> str:
    name, step = made.names[row], made.step_seconds
    ahead = made.values[row]
    kept = min(panel.steps, HISTORY_HORIZONS * ahead.shape[0])
    past = panel.values[panel.names.index(name)][-kept:]
    cutoff = made.cutoff.timestamp()
    before = cutoff + step * (np.arange(past.size) - past.size)
    after = cutoff + step * np.arange(ahead.shape[0])
    top = float(max(np.nanmax(past, initial=0.0), ahead.max(initial=0.0)))
    scale = _Scale(float(before[0]), float(after[-1]) + step, 1.05 * top or 1.0)
    quantiles = np.asarray(made.quantiles)
    marks = [_axes(scale, cutoff), text_at(LEFT, 18, f"{name}: {made.choices[row].model.replace('_', ' ')}", size=13)]
    for low, high, opacity in _BANDS:
        if quantiles[0] <= low and high <= quantiles[-1]:
            band = [np.asarray([np.interp(q, quantiles, values) for values in ahead]) for q in (low, high)]
            marks.append(_band(scale, after, band[0], band[1], opacity))
    marks.append(_line(scale, before, past, "#444"))
    marks.append(_line(scale, after, np.asarray([np.interp(0.5, quantiles, values) for values in ahead]), "#1f5fa8"))
    if quantiles[-1] > 0.95:
        marks.append(_line(scale, after, ahead[:, -1], "#b5482a"))
        marks.append(text_at(WIDTH - 10, 18, f"red: p{100 * quantiles[-1]:g}", anchor="end"))
    return "".join(marks)


def _axes(scale: _Scale, cutoff: float) -> str:
    lines = []
    for share in (0.0, 0.5, 1.0):
        y = float(scale.y(np.asarray(share * scale.highest)))
        lines.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 10}" stroke="#ddd"/>')
        lines.append(text_at(LEFT - 6, y + 4, f"{share * scale.highest:.4g}", anchor="end"))
    x = float(scale.x(np.asarray(cutoff)))
    lines.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#999" stroke-dasharray="3 3"/>')
    for time, anchor in ((scale.first, "start"), (cutoff, "middle"), (scale.last, "end")):
        shown = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC")
        lines.append(text_at(float(scale.x(np.asarray(time))), HEIGHT - 10, shown, anchor=anchor))
    return "".join(lines)


def _line(scale: _Scale, times: NDArray[np.float64], values: NDArray[np.float64], colour: str) -> str:
    keep = slice(None, None, max(1, times.size // MOST_POINTS))
    points, pen = [], "M"
    for x, y in zip(scale.x(times[keep]), scale.y(values[keep]), strict=True):
        if np.isfinite(y):
            points.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
        else:
            pen = "M"  # a gap is a gap
    return f'<path d="{"".join(points)}" fill="none" stroke="{colour}"/>'


def _band(
    scale: _Scale, times: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], opacity: float
) -> str:
    keep = slice(None, None, max(1, times.size // MOST_POINTS))
    x, bottom, top = scale.x(times[keep]), scale.y(low[keep]), scale.y(high[keep])
    upper = [f"{a:.1f} {b:.1f}" for a, b in zip(x, top, strict=True)]
    lower = [f"{a:.1f} {b:.1f}" for a, b in zip(x[::-1], bottom[::-1], strict=True)]
    return f'<path d="M{"L".join(upper + lower)}Z" fill="#1f5fa8" fill-opacity="{opacity}"/>'
