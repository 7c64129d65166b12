"""A chart of a replay as SVG: cost against violations, policies as fronts. No script, nothing fetched."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scaler.forecast.svg import text_at
from scaler.replay.interface import Point
from scaler.replay.run import Replay
from scaler.replay.summary import second_half_front

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 400, 70, 250, 40, 50
# Fewer violations than this are drawn at the edge: on a logarithmic axis none has no place.
LEAST, MOST = 1e-5, 0.2
_TICKS = (0.0001, 0.001, 0.005, 0.01, 0.05, 0.1)
# Okabe and Ito's palette, which the colour-blind can tell apart; the shape of the mark differs too.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#8b6f00", "#7f3c8d")


@dataclass(frozen=True)
class _Scale:
    """From violations and cost to the picture."""

    cheapest: float
    dearest: float

    def x(self, violations: float) -> float:
        share = (math.log(min(max(violations, LEAST), MOST)) - math.log(LEAST)) / (math.log(MOST) - math.log(LEAST))
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, cost: float) -> float:
        share = (min(cost, self.dearest) - self.cheapest) / (self.dearest - self.cheapest)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def svg(replays: Sequence[tuple[Replay, float]]) -> str:
    """One picture per replay and its budget, one below the other."""
    parts = [
        f'<g transform="translate(0 {HEIGHT * index})">{_plot(made, budget)}</g>'
        for index, (made, budget) in enumerate(replays)
    ]
    height = HEIGHT * max(1, len(parts))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="11" role="img"><title>Cost against violations</title>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def html(replays: Sequence[tuple[Replay, float]]) -> str:
    """The same as a page of its own, which may load nothing."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>Replay</title></head><body>{svg(replays)}</body></html>\n"
    )


def _plot(made: Replay, budget: float) -> str:
    fronts = {name: second_half_front(run) for name, run in made.runs.items()}
    bound = second_half_front(made.bound)
    costs = [p.score.cost_ratio for points in (*fronts.values(), bound) for p in points if p.score.violations <= MOST]
    scale = _Scale(0.95, min(max(costs, default=2.0) * 1.05, 4.0))
    marks = [text_at(LEFT, 20, f"{made.trace.name}: cost against violation minutes, second half", size=13)]
    marks += _axes(scale, budget)
    for index, (name, points) in enumerate(fronts.items()):
        marks.append(_front(scale, points, _COLOURS[index % len(_COLOURS)], index))
        marks.append(_legend(index, name, _COLOURS[index % len(_COLOURS)]))
    marks.append(_line(scale, bound, "#555", dashes="2 3"))
    marks.append(_legend(len(fronts), "noise-limited bound (dotted)", "#555"))
    y = scale.y(1.0)
    marks.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#555"/>')
    marks.append(text_at(LEFT + 4, y - 4, "oracle: perfect foresight"))
    return "".join(marks)


def _axes(scale: _Scale, budget: float) -> list[str]:
    lines = []
    for tick in _TICKS:
        x = scale.x(tick)
        lines.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#eee"/>')
        lines.append(text_at(x, HEIGHT - BOTTOM + 16, f"{100 * tick:g} %", anchor="middle"))
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    lines.append(text_at(middle, HEIGHT - 12, "minutes with more demand than capacity", anchor="middle"))
    step = 0.1 if scale.dearest < 1.8 else 0.5
    for number in range(int(scale.dearest / step) + 1):
        cost = number * step
        if cost >= 1.0:
            y = scale.y(cost)
            lines.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#eee"/>')
            lines.append(text_at(LEFT - 6, y + 4, f"{cost:.1f}×", anchor="end"))
    x = scale.x(budget)
    lines.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#b5482a" stroke-dasharray="4 3"/>')
    lines.append(text_at(x + 4, TOP + 10, f"budget {100 * budget:g} %"))
    return lines


def _front(scale: _Scale, points: Iterable[Point], colour: str, index: int) -> str:
    points = [point for point in points if point.score.violations <= MOST]
    return _line(scale, points, colour) + "".join(
        _mark(scale.x(p.score.violations), scale.y(p.score.cost_ratio), colour, index) for p in points
    )


def _line(scale: _Scale, points: Iterable[Point], colour: str, dashes: str = "") -> str:
    places = [
        f"{scale.x(p.score.violations):.1f} {scale.y(p.score.cost_ratio):.1f}"
        for p in points
        if p.score.violations <= MOST
    ]
    style = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="M{"L".join(places)}" fill="none" stroke="{colour}"{style}/>' if places else ""


def _mark(x: float, y: float, colour: str, index: int) -> str:
    if index % 3 == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
    if index % 3 == 1:
        return f'<path d="M{x - 3:.1f} {y - 3:.1f}h6v6h-6z" fill="{colour}"/>'
    return f'<path d="M{x:.1f} {y - 4:.1f}l4 7h-8z" fill="{colour}"/>'


def _legend(index: int, name: str, colour: str) -> str:
    y = TOP + 10 + 18 * index
    return _mark(WIDTH - RIGHT + 16, y - 4, colour, index) + text_at(WIDTH - RIGHT + 28, y, name)
