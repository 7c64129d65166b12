"""The page in a real browser: headless Chromium."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from scaler.cli.main import main
from scaler.demo.emulator import Emulator
from tests.report.chromium import Chromium, find
from tests.report.fleet import AS_OF, write_fleet

pytestmark = pytest.mark.slow

# Counts the pixels of a picture that have one of the colours of the lines, as far as its smoothed edge keeps it.
_PIXELS = """
(async (png, colours) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width; canvas.height = image.height;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, image.width, image.height).data;
  return colours.map((colour) => {
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      count += colour.every((part, at) => Math.abs(part - data[i + at]) < 100);
    }
    return count;
  });
})
"""
_COLOURS = """
[...document.querySelectorAll("figure.chart")[INDEX].querySelectorAll("svg svg path:not(.band)")].map((path) =>
  getComputedStyle(path).stroke.match(/[0-9]+/g).slice(0, 3).map(Number))
"""
# Those of which a line or a mark is beyond the frame, where it would be on top of what stands beside or below.
_CHARTS_OUT_OF_THEIR_FRAMES = """
[...document.querySelectorAll("figure.chart")].map((figure, index) => {
  const frame = figure.getBoundingClientRect();
  const out = [...figure.querySelectorAll("svg svg, svg text")].map((each) => each.getBoundingClientRect()).some(
    (part) => part.bottom > frame.bottom || part.right > frame.right + 1 || part.left < frame.left - 1);
  return out ? index : null;
}).filter((index) => index !== null)
"""


@pytest.fixture(scope="module")
def page(busy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of six workloads to which much happens, one of them with a tag that tries to be a script."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    assert main(["report", "--config", str(busy), "--as-of", AS_OF, "--offline", "--quiet", "--out", str(path)]) == 0
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
        "rgb(13, 17, 23)" if dark else "rgb(246, 248, 250)"
    )


def figure(index: int) -> str:
    """A chart, as the page's script would have it."""
    return f"document.querySelectorAll('figure.chart')[{index}]"


def brought_up(browser: Chromium, index: int, part: str) -> list[float]:
    """Scroll to a chart, and wait until it is usable: left, top, width and height of a part of it in the window."""
    browser.run(f"{figure(index)}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
    browser.run(
        "new Promise((done) => { const look = () => "
        f"{figure(index)}.querySelector('.zoom') ? requestAnimationFrame(() => done(1)) : setTimeout(look, 20); "
        "look(); })"
    )
    found = browser.run(
        f"((b) => [b.x, b.y, b.width, b.height])({figure(index)}.querySelector('{part}').getBoundingClientRect())"
    )
    return [float(each) for each in found]


def test_charts_are_drawn(page, browser, keep):
    """On the screen, in the colour of each line: of every chart of the fleet, and of two workloads."""
    browser.open(page, height=1400)
    assert browser.run("document.querySelectorAll('figure.chart').length") >= 3 + 3 * 6
    for index in range(9):
        picture = base64.b64encode(browser.screenshot(brought_up(browser, index, "svg svg"))).decode()
        colours = browser.run(_COLOURS.replace("INDEX", str(index)))
        drawn = browser.run(f"{_PIXELS}({json.dumps(picture)}, {json.dumps(colours)})")
        assert max(drawn) > 200, (index, drawn)
        assert sum(count > 20 for count in drawn) >= 2, (index, drawn)
    keep("charts")


def test_hover_and_zoom_tell_more(page, browser, keep):
    """The mouse reads figures out of where it is; the wheel with Ctrl and the buttons zoom, and All goes back."""
    browser.open(page, height=1400)
    x, y, width, height = brought_up(browser, 3, "svg")
    said = f"{figure(3)}.querySelector('.value').textContent"
    view = f"{figure(3)}.querySelector('svg svg').getAttribute('viewBox')"
    button = f"{figure(3)}.querySelectorAll('button')"
    browser.mouse("mouseMoved", x + 0.25 * width, y + height / 2)
    first = browser.run(said)
    assert "demand" in first
    browser.mouse("mouseMoved", x + 0.95 * width, y + height / 2)
    assert "p5 to p95" in browser.run(said)
    assert browser.run(said) != first
    whole = browser.run(view)
    browser.mouse("mouseWheel", x + 0.5 * width, y + height / 2, delta=-120, ctrl=True)
    assert browser.run(view) != whole
    browser.run(f"{button}[2].click()")
    assert browser.run(view) == whole
    browser.run(f"{button}[0].click()")
    assert browser.run(view) != whole
    keep("zoom")
    browser.run(f"{button}[1].click()")
    assert browser.run(view) == whole
    assert browser.complaints() == []


def test_it_prints(page, browser, keep):
    """To PDF, without the parts that only a screen has; nothing is asked of anybody on the way."""
    browser.open(page)
    pdf = base64.b64decode(browser.ask("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 4
    assert len(pdf) > 40_000
    assert browser.requests() == []
    browser.ask("Emulation.setEmulatedMedia", media="print")
    assert browser.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.run("getComputedStyle(document.querySelector('.zoom')).display") == "none"
    assert browser.run("getComputedStyle(document.querySelector('.w')).contentVisibility") == "visible"
    assert browser.run(_CHARTS_OUT_OF_THEIR_FRAMES) == []
    keep("print")
    browser.ask("Emulation.setEmulatedMedia", media="")


def test_the_table_of_a_chart_has_the_figures_of_the_json(page, busy, browser, capsys):
    """By day the highest of each line, which hovering shows too: all of them are in --format json."""
    main(["report", "--config", str(busy), "--as-of", AS_OF, "--offline", "--quiet", "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    browser.open(page)
    browser.run(
        "document.querySelectorAll('figure.chart').forEach((each) => "
        "each.dispatchEvent(new FocusEvent('focusin', {bubbles: true})))"
    )
    browser.run("document.querySelectorAll('figure.chart details').forEach((each) => { each.open = true; })")
    cells = browser.run(
        "new Promise((done) => { const all = [...document.querySelectorAll('figure.chart')]; const look = () => "
        "all.every((each) => each.querySelector('tbody')) "
        "? done(all.map((each) => [...each.querySelectorAll('td')].map((cell) => cell.textContent))) "
        ": setTimeout(look, 20); look(); })"
    )
    charts = [*document["charts"], *(chart for each in document["workloads"] for chart in each["charts"])]
    assert len(cells) == len(charts)
    for shown, chart in zip(cells, charts, strict=True):
        known = {str(value) for line in chart["lines"] for value in line["values"]}
        assert len(shown) > 2
        assert {text for text in shown if text != "—"} <= known


def test_a_fleet_can_be_searched(page, browser):
    """The filter leaves the rows and parts of workloads whose name or tags have the word."""
    browser.open(page)
    browser.run(
        "((find) => { find.value = 'web-004'; find.dispatchEvent(new Event('input')); })"
        "(document.querySelector('.find'))"
    )
    left = browser.run(
        "[...document.querySelectorAll('article.w')].filter((each) => !each.hidden)"
        ".map((each) => each.querySelector('h3').textContent)"
    )
    assert left == ["web-004"]


def test_a_phone_needs_no_sideways_scroll(page, browser, keep):
    """390 pixels wide: the page is as wide as the window; wide tables scroll within themselves."""
    browser.open(page, width=390, height=844)
    assert browser.run("document.documentElement.scrollWidth") <= 390
    for part in ("#decisions", "#limits", "#cohorts", "#w2"):
        browser.run(f"document.querySelector('{part}').scrollIntoView({{behavior: 'instant'}})")
        assert (
            browser.run(
                f"document.querySelector('{part}').getBoundingClientRect().top"
                " - document.querySelector('nav').getBoundingClientRect().bottom"
            )
            >= 0
        ), f"{part} is below the links"
        assert browser.run("document.documentElement.scrollWidth") <= 390
    assert browser.run(_CHARTS_OUT_OF_THEIR_FRAMES) == []
    keep("phone")


def test_the_page_is_usable_by_keyboard(page, browser, keep):
    """Tab reaches the skip link first, then every link, table, button and chart; arrows read figures out, + zooms."""
    browser.open(page)
    browser.press("Tab")
    assert browser.run("document.activeElement.className") == "skip"
    seen = []
    for _ in range(120):
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
    box = "document.activeElement.querySelector('svg').getAttribute('viewBox')"
    before = browser.run(box)
    browser.press("+")
    assert browser.run(box) != before
    browser.press("0")
    assert browser.run(box) == before
    assert browser.complaints() == []
    keep("keyboard")


def test_everything_has_a_name_for_who_cannot_see_it(page, browser):
    """Every chart has a label and a table; headings do not skip a level; each focusable element has a name."""
    browser.open(page)
    assert browser.run(
        "[...document.querySelectorAll('.plot > svg')].every((e) => e.getAttribute('aria-label').length > 20)"
    )
    brought_up(browser, 4, "svg")
    assert browser.run(f"{figure(4)}.querySelector('summary').textContent").endswith("as a table")
    levels = browser.run("[...document.querySelectorAll('h1,h2,h3,h4')].map((e) => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert browser.run(
        "[...document.querySelectorAll('a,button,[tabindex=\"0\"],summary')]"
        ".every((e) => (e.getAttribute('aria-label') ?? e.textContent).trim())"
    )


def first_paints(browser: Chromium, path: Path, folder: Path) -> Iterator[float]:
    """Seconds until something is seen of a page, beyond those of an empty one: the browser's, and of a busy machine."""
    empty = folder / "empty.html"
    empty.write_text("<!doctype html><title>Empty</title><p>Nothing.")
    for _ in range(6):
        browser.open(empty)
        usual = browser.first_paint_seconds()
        browser.open(path)
        yield browser.first_paint_seconds() - usual


def test_a_page_that_is_painted_late_would_be_seen(browser, tmp_path):
    """The measure of the next test can fail: a script before the first text that takes more than a second."""
    path = tmp_path / "late.html"
    wait = "const end = performance.now() + 1500; while (performance.now() < end);"
    path.write_text(f"<!doctype html><title>Late</title><script>{wait}</script><p>Text.")
    assert next(first_paints(browser, path, tmp_path)) > 1


def test_two_hundred_workloads_are_a_page_too(browser, keep, tmp_path):
    """A quarter of each in less than 3 MB: quiet, painted within a second, drawn, and no wider than a phone."""
    config = write_fleet(tmp_path, 200, days=100, model="auto")
    path = tmp_path / "report.html"
    arguments = ["--as-of", AS_OF, "--offline", "--quiet", "--period", "quarter", "--out", str(path)]
    assert main(["report", "--config", str(config), *arguments]) == 0
    assert path.stat().st_size < 3_000_000
    browser.open(path)
    assert browser.requests() == []
    assert browser.complaints() == []
    assert browser.run("document.querySelectorAll('article.w').length") == 200
    assert browser.run(_CHARTS_OUT_OF_THEIR_FRAMES) == []
    assert any(seconds < 1 for seconds in first_paints(browser, path, tmp_path))
    keep("200")
    browser.run("document.querySelector('#w200').scrollIntoView({behavior: 'instant'})")
    assert browser.run("document.querySelector('#w200').getBoundingClientRect().top") < 900
    keep("200-last")
    browser.open(path, width=390, height=844)
    assert browser.run("document.documentElement.scrollWidth") <= 390


# What a list of facts says of a workload, by name.
_FACTS = """
Object.fromEntries([...[...document.querySelectorAll("article.w")]
  .find((each) => each.querySelector("h3").textContent === "NAME")
  .querySelectorAll("dl[aria-label=PART] > div")].map((each) => [...each.children].map((cell) => cell.textContent)))
"""


def _start_on_demand(aws: Emulator, group: str, *, instances: int) -> None:
    """An Auto Scaling group of ``m7i.large`` that runs."""
    from botocore.session import Session

    ec2, scaling = (
        Session().create_client(name, region_name=aws.region, endpoint_url=aws.endpoint_url)
        for name in ("ec2", "autoscaling")
    )
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    given = {"ImageId": image, "InstanceType": "m7i.large"}
    ec2.create_launch_template(LaunchTemplateName=group, LaunchTemplateData=given)
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=group,
        MinSize=instances,
        MaxSize=60,
        DesiredCapacity=instances,
        AvailabilityZones=["us-east-1a"],
        LaunchTemplate={"LaunchTemplateName": group, "Version": "$Latest"},
    )


@pytest.mark.emulator
def test_the_demo_fleet_is_reported(browser, keep, tmp_path, monkeypatch):
    """The configuration of ``scaler demo`` on its emulated AWS: three workloads, one of them live; a quiet page.

    Where spot is planned, and three instances run on demand, none of what runs is told as spot.
    """
    from scaler.cli.demo import _fill
    from scaler.demo.project import write_project

    config, path = write_project(tmp_path), tmp_path / "report.html"
    with Emulator() as aws:
        for name, value in aws.settings.items():
            monkeypatch.setenv(name, value)
        _fill(aws)
        _start_on_demand(aws, "storefront", instances=3)
        assert main(["report", "--config", str(config), "--quiet", "--out", str(path)]) == 0
    browser.open(path)
    assert browser.requests() == []
    assert browser.complaints() == []
    assert browser.run("document.querySelectorAll('article.w').length") == 3
    assert browser.run("document.querySelectorAll('figure.chart').length") >= 9
    spot = browser.run(_FACTS.replace("NAME", "storefront").replace("PART", "Spot"))
    assert float(spot["spot requested"].split()[0]) > 0
    assert (spot["spot realised"], spot["pools in use"]) == ("0 % of units", "0")
    assert (spot["spot instances"], spot["on-demand instances"]) == ("0", "3")
    assert (spot["interruptions"], spot["in the last"]) == ("0", "7 days")
    keep("demo")
    browser.run("document.querySelector('#w3').scrollIntoView({behavior: 'instant'})")
    keep("demo-workload")
