"""``scaler report`` of 200 workloads: how large the page is, and how soon headless Chromium shows it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from scripts.benches import Figure
from scripts.benches._child import cpu_seconds
from tests.report.chromium import Chromium, find
from tests.report.fleet import AS_OF, write_fleet

SCALER = str(Path(sys.executable).with_name("scaler"))
WORKLOADS = 200
LOADS = 7


def run() -> list[Figure]:
    """Size of the page and its first paint (median of several loads), by period; CPU of making it, and of its plan."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = write_fleet(folder, WORKLOADS, days=120, model="auto")
        common = ["--config", str(config), "--as-of", AS_OF, "--offline", "--quiet"]
        found = []
        for period, suffix in (("week", ""), ("quarter", "_quarter")):
            page = folder / f"{period}.html"
            seconds = cpu_seconds([SCALER, "report", *common, "--period", period, "--out", str(page)])
            megabytes, paint = page.stat().st_size / 1e6, first_paint_s(page, folder / f"of-{period}")
            found += [
                Figure(f"report_mb_200{suffix}", megabytes, "MB", goal=3.0, direction="<="),
                Figure(f"first_paint_s_200{suffix}", paint, "s", goal=1.0, direction="<="),
                Figure(f"report_200{suffix}_cpu_s", seconds, "s"),
            ]
        # Last, as it leaves a record that a report would score.
        plan = cpu_seconds([SCALER, "plan", *common, "--format", "json"])
        return [*found, Figure("report_200_plan_cpu_s", plan, "s")]


def first_paint_s(page: Path, folder: Path) -> float | None:
    """From the start of the navigation to the first text, with nothing cached but the browser; ``None`` without one."""
    binary = find()
    if binary is None:
        return None
    browser = Chromium(binary, folder)
    try:
        taken = []
        for _ in range(LOADS):
            browser.open(page)
            taken.append(browser.first_paint_seconds())
        return median(taken[1:])
    finally:
        browser.close()
