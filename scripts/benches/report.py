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
    """Size of the page, its first paint (median of several loads), and CPU of making it, the plan included."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = write_fleet(folder, WORKLOADS)
        page = folder / "report.html"
        command = [SCALER, "report", "--config", str(config), "--as-of", AS_OF, "--offline", "--quiet"]
        seconds = cpu_seconds([*command, "--out", str(page)])
        return [
            Figure("report_mb_200", page.stat().st_size / 1e6, "MB", goal=3.0, direction="<="),
            Figure("first_paint_s_200", first_paint_s(page, folder), "s", goal=1.0, direction="<="),
            Figure("report_200_cpu_s", seconds, "s"),
        ]


def first_paint_s(page: Path, folder: Path) -> float | None:
    """From the start of the navigation to the first text, with nothing cached but the browser; ``None`` without one."""
    binary = find()
    if binary is None:
        return None
    browser = Chromium(binary, folder / "profile")
    try:
        taken = []
        for _ in range(LOADS):
            browser.open(page)
            taken.append(browser.first_paint_seconds())
        return median(taken[1:])
    finally:
        browser.close()
