"""The documentation site: built strictly, whole, and asking nobody but itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.report.chromium import Chromium, find

ROOT = Path(__file__).parents[2]
#: What a browser fetches when it shows a page; links that a reader follows are not among it.
_FETCHED = re.compile(
    r"""<(?:link(?![^>]*rel="?canonical)|script|img|iframe|source|audio|video|object|embed)\b[^>]*?"""
    r"""(?:src|href|data)=["']?((?:https?:)?//[^"'\s>]+)"""
)
_FETCHED_BY_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")


def test_the_site_is_whole_and_asks_nobody_else(tmp_path: Path):
    """``--strict`` passes, each page is there, and neither their text nor a real browser asks another host."""
    site = _build(tmp_path / "site")
    _every_page_is_there(site)
    _nothing_is_named_to_fetch(site)
    with _served(site) as address:
        _a_browser_asks_nobody_else(address, tmp_path / "profile")


def _build(folder: Path) -> Path:
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _every_page_is_there(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    assert len(pages) > 40
    missing = [page for page in pages if not _built(site, page).is_file()]
    assert missing == []


def test_a_dead_link_fails_the_build(tmp_path: Path):
    """The build is strict about what a reader would stumble on: links, anchors, and links out of ``docs/``."""
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# One\n\n[a](none.md) [b](#nowhere) [c](../none.toml)\n")
    configuration = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    configuration = configuration[: configuration.index("nav:\n")].replace("scripts/site/", f"{ROOT}/scripts/site/")
    (tmp_path / "mkdocs.yml").write_text(configuration)
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "none.md" in said
    assert "nowhere" in said
    assert "none.toml" in said


def _nothing_is_named_to_fetch(site: Path) -> None:
    found = {
        f"{path.relative_to(site)}: {address}"
        for path in site.rglob("*.html")
        for address in _FETCHED.findall(path.read_text(encoding="utf-8"))
    }
    found |= {
        f"{path.relative_to(site)}: {address}"
        for path in site.rglob("*.css")
        for address in _FETCHED_BY_STYLE.findall(path.read_text(encoding="utf-8"))
    }
    assert found == set()


@contextmanager
def _served(site: Path) -> Iterator[str]:
    """Its address on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


class _Address(str):
    """An address where the browser's stand-in takes a path."""

    def as_uri(self) -> str:
        return self


def _a_browser_asks_nobody_else(served: str, profile: Path) -> None:
    binary = find()
    if binary is None:
        if os.environ.get("SCALER_REQUIRE_CHROMIUM") == "1":
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    browser = Chromium(binary, profile)
    try:
        for page in ("/", "/reference/config/"):
            browser.open(_Address(served + page))  # type: ignore[arg-type]
            browser.run("document.querySelector('.md-search__input').focus()")
            asked = [
                event["params"]["request"]["url"]
                for event in browser.events
                if event.get("method") == "Network.requestWillBeSent"
            ]
            assert asked
            assert [url for url in asked if not url.startswith((served, "data:", "blob:"))] == []
            problems = [
                event["params"]["entry"]["text"] for event in browser.events if event.get("method") == "Log.entryAdded"
            ]
            assert problems == []
    finally:
        browser.close()


def _built(site: Path, page: Path) -> Path:
    if page.stem in ("index", "README"):
        return site / page.parent / "index.html"
    return site / page.with_suffix("") / "index.html"
