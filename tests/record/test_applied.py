"""``scaler record``: what something else did with a plan."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from scaler.cli.main import main
from scaler.errors import Refused
from scaler.history.folder_store import FolderStore
from scaler.record.applied import MOST_ENTRIES, Applied, add_applied, read_applied
from scaler.record.interface import RecordFailed
from tests.pipeline.conftest import END, web_demand, write_csv

RUN = "20261116T000000Z-0123456789ab"
DONE = Applied("2026-11-16T00:00:00Z", "terraform", "applied", None, {"kind": "ci"})
CONFIG = """\
version: 1
defaults: {forecast: {model: seasonal_naive}}
workloads:
  shop:
    target: {asg: shop}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: {m7i.large: 100/s}}
    limits: {min: 1, max: 20}
    live: {min_size: 2, max_size: 20, desired_size: 4}
outputs: {tfvars: scaler.auto.tfvars.json}
"""


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    made = FolderStore(tmp_path / "store")
    made.write(f"records/{RUN}/record.json", b"{}")
    return made


def test_what_terraform_did_stands_beside_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who, when, how it ended and the digest of the file that was applied; the plan's own record is not touched."""
    write_csv(tmp_path / "history.csv", "shop", *web_demand(days=21))
    (tmp_path / "scaler.yaml").write_text(CONFIG)
    (tmp_path / "tfplan").write_bytes(b"saved")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_RUN_ID", "42")
    assert main(["plan", "--as-of", END.isoformat(), "--out", "plan.json", "--quiet"]) == 0
    (record,) = (tmp_path / "forecasts" / "records").glob("*/record.json")
    before = record.read_bytes()
    capsys.readouterr()
    assert main(["record", "plan.json", "--saved-plan", "tfplan"]) == 0
    assert main(["record", "plan.json", "--outcome", "failed", "--by", "make", "--quiet"]) == 0
    assert capsys.readouterr().out.count("on record in") == 1
    first, second = read_applied(FolderStore(tmp_path / "forecasts"), record.parent.name)
    assert (first.by, first.outcome, first.saved_plan_sha256) == (
        "terraform",
        "applied",
        hashlib.sha256(b"saved").hexdigest(),
    )
    assert first.where["kind"] == "github actions"
    assert first.where["id"] == "42"
    assert (second.by, second.outcome, second.saved_plan_sha256) == ("make", "failed", None)
    assert record.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("edit", (3, "plan")),
        ("another store", (3, "no record of the plan")),
        ("no saved plan", (1, "cannot be read")),
        ("no name", (64, "--by takes a name")),
        ("started too late", (3, "the plan has expired")),
    ],
)
def test_what_is_not_so_is_not_put_on_record(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: str,
    expected: tuple[int, str],
) -> None:
    """An edited plan, one that this store does not know, or a file that is not there: nothing is written."""
    write_csv(tmp_path / "history.csv", "shop", *web_demand(days=21))
    (tmp_path / "scaler.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    assert main(["plan", "--as-of", END.isoformat(), "--out", "plan.json", "--quiet"]) == 0
    more = []
    if change == "edit":
        document = json.loads((tmp_path / "plan.json").read_text())
        document["scaler_version"] = "9"
        (tmp_path / "plan.json").write_text(json.dumps(document))
    elif change == "another store":
        (tmp_path / "scaler.yaml").write_text(CONFIG + "store: elsewhere\n")
    elif change == "no saved plan":
        more = ["--saved-plan", "nowhere"]
    elif change == "started too late":
        more = ["--outcome", "started"]  # the moment that it plans from has long passed
    else:
        more = ["--by", " "]
    assert main(["record", "plan.json", *more]) == expected[0]
    assert expected[1] in capsys.readouterr().err
    assert list(tmp_path.rglob("applied.json")) == []


def test_the_first_and_the_newest_are_remembered(store: FolderStore) -> None:
    """A plan that is applied every hour does not make a file without end."""
    for number in range(MOST_ENTRIES + 5):
        add_applied(store, RUN, "0123456789ab", replace(DONE, by=f"job {number}"))
    kept = [entry.by for entry in read_applied(store, RUN)]
    assert kept == ["job 0", *(f"job {number}" for number in range(6, MOST_ENTRIES + 5))]


def test_two_that_end_at_once_both_stand(store: FolderStore) -> None:
    """A write of somebody else between reading and writing is read again, not written over."""

    class Crowded(FolderStore):
        """Lets another write come first, once."""

        crowded = False

        def write(self, key: str, data: bytes, *, expected: str | None = None) -> str:
            if not self.crowded:
                self.crowded = True
                add_applied(store, RUN, "0123456789ab", replace(DONE, by="other"))
            return super().write(key, data, expected=expected)

    crowded = Crowded(Path(store.name("")))
    add_applied(crowded, RUN, "0123456789ab", DONE)
    assert [entry.by for entry in read_applied(store, RUN)] == ["other", "terraform"]


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"applied": 3}', b'{"applied": [{"at": 1}]}'])
def test_a_damaged_file_is_told_and_left(store: FolderStore, data: bytes) -> None:
    """What cannot be read is not written over as if nothing had been there."""
    store.write(f"runs/{RUN}/applied.json", data)
    with pytest.raises(RecordFailed, match="cannot be read"):
        read_applied(store, RUN)


def test_a_name_that_is_no_run_leads_nowhere(store: FolderStore) -> None:
    """A name is part of a path only if it has the form of one."""
    with pytest.raises(Refused):
        add_applied(store, "../../x", "0123456789ab", DONE)
    assert read_applied(store, "../../x") == ()
    assert asdict(DONE)["by"] == "terraform"
