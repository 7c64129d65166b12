"""What the page about the archive shows of two runs at once, beside what the second one is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scaler.aws.session import BotocoreClients
from scaler.cli.report_errors import report
from scaler.history.lock import Holder, Lease, StoreLocked
from scaler.history.s3_store import S3Store
from tests.standins.s3 import S3StandIn

SHOWN = Path(__file__).with_name("held.txt")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_the_second_run_is_told_what_the_page_shows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Four minutes after another run took the lock of a bucket, to the word; the page quotes the same file."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with S3StandIn() as server:
        clients = BotocoreClients(region="us-east-1", endpoint_url=server.url, attempts=1)
        store = S3Store(clients, "my-bucket", "scaler", None)
        Lease(store, Holder("5f0c9a1be2d4", "ann@build-7 (process 4711)"), lambda: NOON)
        with pytest.raises(StoreLocked) as told:
            Lease(store, Holder("3c4d", "bob@laptop (process 22)"), lambda: NOON + timedelta(minutes=4, seconds=5))
    report(told.value)
    assert capsys.readouterr().err == SHOWN.read_text(encoding="utf-8")
