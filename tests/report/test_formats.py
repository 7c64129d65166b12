"""The formats of a report: the same figures in each, and texts that stay texts."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.report.document import as_json
from scaler.report.figures import safe
from scaler.report.markdown import as_markdown
from scaler.report.page import as_html
from scaler.report.render import FORMATS, render
from scaler.report.spreadsheet import as_csv, cell
from tests.report.conftest import report_of

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '" onload="alert(1)',
    "' autofocus onfocus='alert(1)",
    "</title></style><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "]]><!--",
    "javascript:alert(1)",
]


class Seen(HTMLParser):
    """What a browser sees: elements with their attributes, and text outside of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.code: dict[str, list[str]] = {"script": [], "style": []}
        self._within: str | None = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.elements.append((tag, dict(attrs)))
        self._within = tag if tag in self.code else self._within

    def handle_endtag(self, tag: str) -> None:
        """It ends."""
        self._within = None if tag == self._within else self._within

    def handle_data(self, data: str) -> None:
        """Text."""
        if self._within is None:
            self.texts.append(data)
        else:
            self.code[self._within].append(data)


def numbers_of(text: str) -> list[str]:
    """Numbers as a reader sees them; dates and times in their parts."""
    return re.findall(r"(?<![\w.])\d+(?:\.\d+)?", re.sub(r"(?<=\d)[-T:](?=\d)", " ", text))


def known_numbers(document: str) -> set[str]:
    """Those of the JSON, without their sign."""
    return {*numbers_of(document), *re.findall(r"\d+", document)} if document else set()


def unknown_numbers(seen: Seen, document: str) -> list[str]:
    """Numbers in texts and labels that the JSON has not."""
    known = known_numbers(document)
    labels = [value for _, attributes in seen.elements for key, value in attributes.items() if key == "aria-label"]
    said = numbers_of(" ".join([*seen.texts, *(label or "" for label in labels)]))
    return [number for number in said if number not in known]


def test_every_number_on_the_page_is_in_the_json_to_the_same_digit():
    """Text, labels and the data that hovering shows; nothing is rounded twice."""
    report = report_of("shop")
    document, seen = as_json(report), Seen(as_html(report))
    assert len(numbers_of(" ".join(seen.texts))) > 150
    assert unknown_numbers(seen, document) == []
    for rendered in (as_markdown(report), as_csv(report)):
        assert [number for number in numbers_of(rendered) if number not in known_numbers(document)] == []


def test_every_figure_of_the_values_is_somewhere_on_the_page():
    """Nothing of what is known is left out: each number of the JSON is in a text, a label or the data of a chart."""
    report = report_of("shop")
    page = as_html(report)
    shown = set(numbers_of(page))
    document = as_json(report)
    missing = {number for number in numbers_of(document) if number not in shown}
    # The schema's version, and sums over the span of the plan, which the page has a day.
    assert missing <= {"1.1", *(str(getattr(report.totals, of)) for of in ("now_usd", "p50_usd", "p95_usd"))}


def test_spot_of_the_fleet_can_be_seen_at_once():
    """A row for each workload that plans some, with what runs beside what was asked for; no table where none does."""
    report = report_of("shop")
    table = re.search(r"<caption>Spot, as planned and as it runs.*?</table>", as_html(report), re.DOTALL)
    assert table is not None
    assert re.findall(r"<td>(.*?)</td>", table[0]) == ["45.5", "—", "3", "2", "16", "17", "18", "31.5"]
    without = replace(report, workloads=(replace(report.workloads[0], spot=None),))
    assert "Spot, as planned" not in as_html(without)


def test_a_figure_that_only_the_page_had_would_be_seen():
    """The comparison above can fail: another digit in one figure is not in the JSON of the report."""
    page, document = as_html(report_of("shop")), as_json(report_of("shop"))
    assert unknown_numbers(Seen(page), document) == []
    assert "98.5" in page
    assert unknown_numbers(Seen(page.replace("98.5", "98.51")), document) == ["98.51"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_never_more_than_text_on_the_page(name: str):
    """In every field; the page has the elements and attributes that it has for a harmless name."""
    plain, hostile = Seen(as_html(report_of("shop"))), Seen(as_html(report_of(name)))

    def shape(seen: Seen) -> list[tuple[str, list[str]]]:
        return [(tag, sorted(attributes)) for tag, attributes in seen.elements]

    assert shape(hostile) == shape(plain)
    assert " ".join(hostile.texts).count(name) >= 10


def test_the_policy_lets_nothing_run_but_the_one_script():
    """default-src 'none', and the hashes of the script and the style as they stand; nothing is fetched."""
    page = as_html(report_of("shop"))
    seen = Seen(page)
    policy = next(a["content"] for tag, a in seen.elements if tag == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    script, style = "".join(seen.code["script"][-1:]), "".join(seen.code["style"])
    for code in (script, style):
        assert base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() in policy
    assert "unsafe" not in policy
    sources = [value for _, a in seen.elements for key, value in a.items() if key in ("src", "href", "action")]
    assert all(value and value.startswith(("#", "data:")) for value in sources)
    assert not re.search(r"https?://|url\(|@import", page)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_never_becomes_a_formula(start: str):
    """A spreadsheet that opens the CSV calculates nothing; CWE-1236."""
    name = f"{start}cmd|' /C calc'!A0"
    rows = list(csv.reader(io.StringIO(as_csv(report_of(name)))))
    assert not [value for row in rows[1:] for value in row if value.startswith(("=", "+", "@", "\t", "\r"))]
    assert f"'{name}".replace("\r", " ") in rows[1]


def test_numbers_stay_numbers_in_csv():
    """A negative one has no apostrophe; unknown is empty, and NUL is gone."""
    assert cell(-3.5) == -3.5
    assert cell(None) == ""
    assert cell("a\0b") == "ab"


def test_markdown_shows_names_as_they_are():
    """Neither markup nor HTML, and no cell ends early."""
    text = as_markdown(report_of("a|b <b>*c*</b> [d](e) `f`"))
    assert "<b>" not in text
    assert "[d](e)" not in text
    rows = [line for line in text.splitlines() if line.startswith("| a")]
    assert rows
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 12 for row in rows if "changed" in row)


@given(st.text(max_size=80))
def test_texts_from_outside_are_one_visible_line(text: str):
    """No control characters, no marks that turn the direction, no line ends."""
    assert safe(text).isprintable() or not safe(text)


def test_escape_sequences_and_secrets_do_not_pass():
    """ANSI codes lose their escape character; a key that an error echoed is not shown."""
    assert "\x1b" not in safe("\x1b[31mred\x1b[0m")
    assert "AKIAIOSFODNN7EXAMPLE" not in safe("denied for AKIAIOSFODNN7EXAMPLE")
    assert "hunter2" not in safe("proxy http://me:hunter2@host:3128 refused")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_same_report_gives_the_same_bytes(name: str):
    """Each format is a function of the values, and ends with one line end."""
    text = render(report_of("shop"), name)
    assert text == render(report_of("shop"), name)
    assert text.endswith("\n")


def test_json_has_what_the_values_have():
    """Times in ISO 8601, unknown as null."""
    document = json.loads(as_json(report_of("shop")))
    assert document["as_of"] == "2026-11-16T00:00Z"
    assert document["workloads"][0]["spot"]["realised_percent"] is None
    assert document["workloads"][0]["charts"][0]["lines"][0]["values"] == [1.5, None, 3.25]
