"""A database of vulnerabilities that speaks the OSV protocol over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.standins.http import Answer, StandIn


class Database(StandIn):
    """Knows what it is told.

    Args:
        known: identifier and mending version of a vulnerability by package.
        status: what every question is answered with.
    """

    def __init__(self, known: Mapping[str, tuple[str, str]] | None = None, *, status: int = 200) -> None:
        super().__init__()
        self.known, self.status = dict(known or {}), status
        self.asked: list[tuple[str, str]] = []

    def respond(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """One question about one version of one package."""
        question = json.loads(body)
        name, version = question["package"]["name"], question["version"]
        self.asked.append((name, version))
        found = [_vulnerability(name, *self.known[name])] if name in self.known else []
        return Answer(json.dumps({"vulns": found} if found else {}).encode(), "application/json", self.status)


def _vulnerability(name: str, identifier: str, mended: str) -> dict[str, Any]:
    events = [{"introduced": "0"}, {"fixed": mended}]
    package = {"name": name, "ecosystem": "PyPI"}
    affected = [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}]}]
    return {"id": identifier, "summary": "reads what it should not", "affected": affected, "schema_version": "1.6.0"}
