"""A chart as SVG paths: pure, and without a script; the page's script adds hover, zoom and the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from scaler.report.figures import day, moment, plain, shown
from scaler.report.interface import Chart, Line

#: The plot's own units: it is stretched to the width of the page and to ``HEIGHT`` pixels, its lines are not.
WIDTH, HEIGHT = 1000, 180
_TOP, _BOTTOM = 6, 1
_Point = tuple[int, int]


@dataclass(frozen=True)
class Mark:
    """A text of an axis; ``at`` is a percentage of the width, or pixels from the top."""

    at: str
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
        grid: ``d`` of the lines that the rows stand at.
        data: the lines for hovering: name, start and step in seconds, values and lows.
        label: what somebody hears who does not see it.
        cutoff: where the forecast begins, as a percentage of the width; ``None`` where all or nothing is forecast.
    """

    paths: tuple[Path, ...]
    rows: tuple[Mark, ...]
    grid: str
    columns: tuple[Mark, ...]
    data: dict[str, object]
    label: str
    cutoff: str | None


def draw(chart: Chart) -> Drawing:
    """Lay the lines out on a plot of :data:`WIDTH` by :data:`HEIGHT`."""
    start, end = chart.start, chart.end
    span = max(1.0, (end - start).total_seconds())

    def x(time: datetime) -> float:
        return WIDTH * (time - start).total_seconds() / span

    def y(value: float) -> float:
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - value / chart.ticks[-1])

    def path(line: Line) -> Path:
        first, width = x(line.start), WIDTH * line.step_seconds / span
        over = _points(line.values, first, width, y, stepped=line.stepped)
        if not line.low:
            return Path(line.style, "".join(_trace(run) for run in over))
        under = _points(line.low, first, width, y, stepped=line.stepped)
        both = zip(over, under, strict=True)
        return Path(line.style, "".join(f"{_trace([*top, *reversed(low)])}z" for top, low in both))

    begins = next((line.start for line in chart.lines if line.style == "band"), None)
    return Drawing(
        tuple(path(line) for line in sorted(chart.lines, key=lambda line: line.style != "band")),
        tuple(Mark(f"{y(tick):.0f}", shown(tick)) for tick in chart.ticks),
        "".join(f"M0 {y(tick):.0f}h{WIDTH}" for tick in chart.ticks),
        tuple(Mark(f"{x(each) * 100 / WIDTH:.4g}", day(each)) for each in chart.times),
        {
            "start": int(start.timestamp()),
            "end": int(end.timestamp()),
            "unit": chart.unit,
            "lines": [
                [line.name, int(line.start.timestamp()), line.step_seconds, _plain(line.values), _plain(line.low)]
                for line in chart.lines
            ],
        },
        f"{chart.title} in {chart.unit}, {moment(start)} to {moment(end)}: {_peaks(chart)}",
        None if begins is None else f"{x(begins) * 100 / WIDTH:.4g}",
    )


def _points(
    values: tuple[float | None, ...], first: float, width: float, y: Callable[[float], float], *, stepped: bool
) -> list[list[_Point]]:
    """Runs of known values, each as points in whole units of the picture; of a level, its two ends."""
    runs: list[list[_Point]] = [[]]
    before: float | None = None
    for index, value in enumerate(values):
        left = first + width * index
        if value is None:
            runs.append([])
        elif stepped:
            if runs[-1] and value == before:
                runs[-1].pop()
            else:
                runs[-1].append((round(left), round(y(value))))
            runs[-1].append((round(left + width), round(y(value))))
        else:
            runs[-1].append((round(left + width / 2), round(y(value))))
        before = value
    return [run if len(run) > 1 else [*run, *run] for run in runs if run]


def _trace(points: list[_Point]) -> str:
    """The shortest way to write them: each from the one before."""
    x, y = points[0]
    said = [f"M{x} {y}"]
    for right, down in points[1:]:
        dx, dy = right - x, down - y
        if dy == 0:
            said.append(f"h{dx}")
        elif dx == 0:
            said.append(f"v{dy}")
        else:
            said.append(f"l{dx}{'' if dy < 0 else ' '}{dy}")
        x, y = right, down
    return "".join(said)


def _plain(values: tuple[float | None, ...]) -> list[float | None]:
    """As JSON writes them: whole ones without a point."""
    return [None if value is None else plain(value) for value in values]


def _peaks(chart: Chart) -> str:
    tops = [(line.name, [value for value in line.values if value is not None]) for line in chart.lines]
    return ", ".join(f"{name} up to {shown(max(values))}" for name, values in tops if values)
