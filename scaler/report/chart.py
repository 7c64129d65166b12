"""A chart as SVG paths: pure, and without a script; the page's script adds hover and zoom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from scaler.report.figures import moment, shown
from scaler.report.interface import Chart, Line

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 200, 48, 8, 8, 22


@dataclass(frozen=True)
class Mark:
    """A text of an axis and where it stands."""

    x: str
    y: str
    text: str


@dataclass(frozen=True)
class Path:
    """One line as the ``d`` of an SVG path, with the class it is drawn by."""

    style: str
    d: str


@dataclass(frozen=True)
class Drawing:
    """All that the template needs.

    Attributes:
        data: the lines for hovering: name, start and step in seconds, values and lows.
        label: what somebody hears who does not see it.
    """

    paths: tuple[Path, ...]
    rows: tuple[Mark, ...]
    columns: tuple[Mark, ...]
    data: dict[str, object]
    label: str


def draw(chart: Chart) -> Drawing:
    """Lay the lines out on a picture of :data:`WIDTH` by :data:`HEIGHT`."""
    start, end = chart.start, chart.end
    span = max(1.0, (end - start).total_seconds())

    def x(time: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (time - start).total_seconds() / span

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / chart.ticks[-1])

    def path(line: Line) -> Path:
        first, width = x(line.start), (WIDTH - LEFT - RIGHT) * line.step_seconds / span
        over = _points(line.values, first, width, y, stepped=line.stepped)
        if not line.low:
            return Path(line.style, "".join(f"M{' '.join(run)}" for run in over))
        under = _points(line.low, first, width, y, stepped=line.stepped)
        both = zip(over, under, strict=True)
        return Path(line.style, "".join(f"M{' '.join([*top, *reversed(low)])}Z" for top, low in both))

    return Drawing(
        tuple(path(line) for line in chart.lines),
        tuple(Mark(f"{LEFT - 4}", f"{y(tick) + 4:.1f}", shown(tick)) for tick in chart.ticks),
        tuple(Mark(f"{x(day):.1f}", f"{HEIGHT - 6}", moment(day)[:10]) for day in chart.times),
        {
            "start": int(start.timestamp()),
            "end": int(end.timestamp()),
            "unit": chart.unit,
            "lines": [
                [line.name, int(line.start.timestamp()), line.step_seconds, list(line.values), list(line.low)]
                for line in chart.lines
            ],
        },
        f"{chart.title} in {chart.unit}, {moment(start)} to {moment(end)}: {_peaks(chart)}",
    )


def _points(
    values: tuple[float | None, ...], first: float, width: float, y: Callable[[float], float], *, stepped: bool
) -> list[list[str]]:
    """Runs of known values, each as points in whole units of the picture; of a level, its two ends."""
    runs: list[list[str]] = [[]]
    before: float | None = None
    for index, value in enumerate(values):
        left = first + width * index
        if value is None:
            runs.append([])
        elif stepped:
            if runs[-1] and value == before:
                runs[-1].pop()
            else:
                runs[-1].append(f"{left:.0f} {y(value):.0f}")
            runs[-1].append(f"{left + width:.0f} {y(value):.0f}")
        else:
            runs[-1].append(f"{left + width / 2:.0f} {y(value):.0f}")
        before = value
    return [run if len(run) > 1 else [*run, *run] for run in runs if run]


def _peaks(chart: Chart) -> str:
    tops = [(line.name, [value for value in line.values if value is not None]) for line in chart.lines]
    return ", ".join(f"{name} up to {shown(max(values))}" for name, values in tops if values)
