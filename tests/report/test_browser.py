"""The page in a real browser: headless Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from scaler.cli.main import main
from tests.report.chromium import Chromium, find
from tests.report.fleet import AS_OF, write_fleet

pytestmark = pytest.mark.slow

# Counts the pixels of a chart that are not the background: the SVG is drawn on a canvas with its computed styles.
_PIXELS = """
(async () => {
  const svg = document.querySelectorAll('figure.chart svg')[INDEX];
  const copy = svg.cloneNode(true);
  const from = svg.querySelectorAll('path'), to = copy.querySelectorAll('path');
  from.forEach((path, i) => {
    const style = getComputedStyle(path);
    for (const name of ['fill', 'stroke', 'stroke-width', 'fill-opacity']) {
      to[i].style.setProperty(name, style.getPropertyValue(name));
    }
  });
  copy.querySelectorAll('.rows, text').forEach((each) => each.remove());
  copy.setAttribute('width', 720); copy.setAttribute('height', 200);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const image = new Image();
  image.src = 'data:image/svg+xml,' + encodeURIComponent(new XMLSerializer().serializeToString(copy));
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = 720; canvas.height = 200;
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, 720, 200).data;
  let drawn = 0;
  for (let i = 3; i < data.length; i += 4) drawn += data[i] > 0;
  return drawn;
})()
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of four workloads, one of them with a tag that tries to be a script."""
    folder = tmp_path_factory.mktemp("fleet")
    config = write_fleet(folder, 4, days=21, growth=0.5)
    path = folder / "report.html"
    assert main(["report", "--config", str(config), "--as-of", AS_OF, "--offline", "--quiet", "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One Chromium for the module."""
    binary = find()
    if binary is None:
        if os.environ.get("SCALER_REQUIRE_CHROMIUM") == "1":
            pytest.fail("no chromium on PATH, and SCALER_REQUIRE_CHROMIUM=1")
        pytest.skip("no chromium on PATH")
    opened = Chromium(binary, tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture
def keep(tmp_path: Path, browser: Chromium):
    """Keep a screenshot in ``SCALER_SCREENSHOTS``, or beside the test."""

    def shoot(name: str) -> int:
        folder = Path(os.environ.get("SCALER_SCREENSHOTS", tmp_path))
        folder.mkdir(parents=True, exist_ok=True)
        data = browser.screenshot()
        (folder / f"report-{name}.png").write_bytes(data)
        return len(data)

    return shoot


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_loads_nothing_and_complains_of_nothing(page, browser, keep, dark):
    """No request, no error, no violation of its own policy; the script in a tag did not run."""
    browser.open(page, dark=dark)
    assert browser.requests() == []
    assert browser.complaints() == []
    assert (
        browser.run("document.querySelectorAll('script').length")
        == browser.run("document.querySelectorAll('figure.chart').length") + 1
    )
    assert "<script>alert(1)</script>" in browser.run("document.body.innerText")
    assert keep("dark" if dark else "light") > 10_000
    assert browser.run("getComputedStyle(document.body).backgroundColor") == (
        "rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)"
    )


def test_charts_are_drawn(page, browser, keep):
    """Each of them colours more pixels than a frame would."""
    browser.open(page)
    charts = browser.run("document.querySelectorAll('figure.chart svg').length")
    assert charts >= 8
    drawn = [browser.run(_PIXELS.replace("INDEX", str(index))) for index in range(charts)]
    assert min(drawn) > 700, drawn
    browser.run("document.querySelector('#w1').scrollIntoView()")
    keep("charts")


def test_a_phone_needs_no_sideways_scroll(page, browser, keep):
    """390 pixels wide: the page is as wide as the window; wide tables scroll within themselves."""
    browser.open(page, width=390, height=844)
    assert browser.run("document.documentElement.scrollWidth") <= 390
    browser.run("document.querySelector('#w2').scrollIntoView()")
    assert browser.run("document.documentElement.scrollWidth") <= 390
    keep("phone")


def test_the_page_is_usable_by_keyboard(page, browser, keep):
    """Tab reaches the skip link first, then every link, table, button and chart; arrows read figures out, + zooms."""
    browser.open(page)
    browser.press("Tab")
    assert browser.run("document.activeElement.className") == "skip"
    seen = []
    for _ in range(60):
        browser.press("Tab")
        seen.append(browser.run("document.activeElement.tagName.toLowerCase()"))
        if seen[-1] == "svg":
            break
    assert seen[-1] == "svg"
    assert "a" in seen
    assert "button" in seen
    browser.press("ArrowLeft")
    said = browser.run("document.activeElement.closest('figure').querySelector('.value').textContent")
    assert "median" in said
    before = browser.run("document.activeElement.getAttribute('viewBox')")
    browser.press("+")
    assert browser.run("document.activeElement.getAttribute('viewBox')") != before
    browser.press("0")
    assert browser.run("document.activeElement.getAttribute('viewBox')") == before
    assert browser.complaints() == []
    keep("keyboard")


def test_everything_has_a_name_for_who_cannot_see_it(page, browser):
    """Every chart has a label and a table; headings do not skip a level; each focusable element has a name."""
    browser.open(page)
    assert browser.run("[...document.querySelectorAll('svg')].every((e) => e.getAttribute('aria-label').length > 20)")
    assert browser.run(
        "[...document.querySelectorAll('figure')].every((e) => e.querySelector('details table tbody tr'))"
    )
    levels = browser.run("[...document.querySelectorAll('h1,h2,h3,h4')].map((e) => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert browser.run(
        "[...document.querySelectorAll('a,button,[tabindex=\"0\"],summary')]"
        ".every((e) => (e.getAttribute('aria-label') ?? e.textContent).trim())"
    )
