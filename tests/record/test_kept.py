"""What a record says, what it holds back, and how long it is kept."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from scaler.history.folder_store import FolderStore
from scaler.history.interface import StoreFailed
from scaler.plan.seal import decode
from scaler.record.circumstances import circumstances
from scaler.record.packs import FOLDER, PackReader, PackWriter, digest_of
from scaler.record.retention import prune
from scaler.record.runs import read_inputs, read_record, read_recorded_plan

DAY = timedelta(days=1)


@pytest.mark.emulator
def test_a_record_says_what_was_chosen_and_why_and_by_whom(world, monkeypatch):
    """Models with their scores, digests, versions, outputs, and the job of CI; of the environment nothing else."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_ACTOR", "ann")
    monkeypatch.setenv("GITHUB_TOKEN", "canary-token-0123456789")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret-0123456789")
    plan = decode(world.plan("plan.json"))
    (record,) = world.records()
    assert record["plan_id"] == plan.plan_id
    assert record["config_digest"] == plan.config_digest
    (model,) = record["workloads"]
    assert model["model"] == plan.workloads[0].forecast.model
    assert model["reason"] == plan.workloads[0].forecast.reason
    assert model["candidates"]
    assert {"python", "scaler", "numpy", "pyarrow"} <= record["versions"].keys()
    assert record["invocations"][0]["kind"] == "github actions"
    assert record["invocations"][0]["by"] == "ann"
    files = {output["path"].rpartition("/")[2]: output["sha256"] for output in record["outputs"]}
    assert files["plan.json"] == digest_of((world.folder / "plan.json").read_bytes())
    assert "scaler.auto.tfvars.json" in files
    assert read_recorded_plan(world.store, record["run"]) == plan
    store = b"".join(path.read_bytes() for path in (world.folder / "forecasts").rglob("*") if path.is_file())
    inputs = read_inputs(world.store, read_record(world.store, record["run"]))
    reader = PackReader(world.store, inputs.places)
    everything = store + json.dumps(inputs.answers).encode() + b"".join(map(reader.get, inputs.places))
    assert b"canary" not in everything
    models = json.loads((world.folder / "forecasts/models/shop.json").read_text())
    assert models["records"][-1]["model"] == model["model"]


@pytest.mark.emulator
def test_the_same_run_again_is_one_record_with_two_invocations(world):
    """A retry leaves one record and adds no bytes of input; a later plan adds only what is new."""
    hours = [(world.now - timedelta(hours=back)).isoformat() for back in (8, 6, 0)]
    world.plan("cold.json", "--as-of", hours[0])
    sizes = []
    for moment in (hours[1], hours[1], hours[2]):
        before = set(packs(world))
        world.plan("next.json", "--as-of", moment)
        sizes.append(sum(path.stat().st_size for path in set(packs(world)) - before))
    records = world.records()
    assert [len(record["invocations"]) for record in records] == [1, 2, 1]
    assert sum(len(record["invocations"]) for record in records) == 4
    assert sizes[1] < sizes[0] / 2
    assert sizes[2] < sizes[0] / 2


def packs(world):
    """All packs of the store."""
    return list((world.folder / "forecasts/records/packs").iterdir())


@pytest.mark.emulator
def test_a_record_that_cannot_be_written_costs_a_warning_and_nothing_else(world):
    """With a file in the place of its folder the plan is printed and written as ever, with its own exit code."""
    (world.folder / "forecasts").mkdir(exist_ok=True)
    (world.folder / "forecasts/records").write_text("in the way")
    _, err = world.run("plan", "--quiet", "--detailed-exitcode", "--out", str(world.folder / "p.json"), code=2)
    assert "warning: this run is not on record" in err
    assert decode((world.folder / "p.json").read_text()).workloads[0].status == "changed"
    assert (world.folder / "scaler.auto.tfvars.json").is_file()


@pytest.mark.emulator
def test_old_records_go_and_what_a_kept_one_needs_stays(world):
    """After keep: a record is dropped with the packs that only it names; every other plan still comes out again."""
    plans = {}
    for days in (9, 8, 0):
        plans[days] = world.plan("p.json", "--as-of", (world.now - timedelta(days=days)).isoformat())
    runs = {decode(text).plan_id: record for text in plans.values() for record in world.records()
            if record["plan_id"] == decode(text).plan_id}  # fmt: skip
    now = datetime.now(UTC)
    age(world.folder, runs[decode(plans[9]).plan_id]["run"], now - 100 * DAY)
    age(world.folder, runs[decode(plans[8]).plan_id]["run"], now - 50 * DAY)
    for pack in packs(world):
        age_of(pack, 100)
    pruned = prune(world.store, keep=90 * DAY, now=now)
    assert pruned.runs == (runs[decode(plans[9]).plan_id]["run"],)
    for days in (8, 0):
        out, _ = world.run("plan", "--reproduce", decode(plans[days]).plan_id, "--format", "json")
        assert out == plans[days]
    world.run("plan", "--reproduce", decode(plans[9]).plan_id, code=64)


def age(folder, run, moment):
    """As if the record had been written then."""
    for path in (folder / "forecasts/records" / run).iterdir():
        os.utime(path, (moment.timestamp(), moment.timestamp()))


def test_the_newest_record_and_young_packs_are_never_dropped(tmp_path):
    """However short keep is; a pack that nobody names may belong to a run that is going on."""
    store = FolderStore(tmp_path)
    run = "20260101T000000Z-0123456789ab"
    store.write(f"records/{run}/record.json", b"{}")
    age_of(tmp_path / "records" / run / "record.json", 400)
    store.write(f"{FOLDER}/orphan", b"x")
    assert prune(store, keep=DAY, now=datetime.now(UTC)).runs == ()
    assert store.read(f"records/{run}/record.json") is not None
    assert store.read(f"{FOLDER}/orphan") is not None


def age_of(path, days):
    """As if the file had been written so many days ago."""
    then = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))


def test_an_unreadable_record_keeps_all_packs(tmp_path):
    """Nobody knows what it needs."""
    store = FolderStore(tmp_path)
    store.write("records/20260101T000000Z-0123456789ab/record.json", b"half a rec")
    store.write(f"{FOLDER}/old", b"x")
    age_of(tmp_path / FOLDER / "old", 400)
    assert prune(store, keep=DAY, now=datetime.now(UTC)).packs == 0
    assert store.read(f"{FOLDER}/old") is not None


def test_packs_give_back_what_was_put_in_and_notice_damage(tmp_path):
    """Inputs come back byte for byte from several packs; what an earlier record holds is not written again."""
    store = FolderStore(tmp_path)
    data = [os.urandom(3_000_000) for _ in range(5)] + [b""]
    writer = PackWriter(store, {})
    digests = [writer.add(each) for each in (*data, data[0])]
    places = writer.finish()
    assert len(store.list(FOLDER)) == 2
    reader = PackReader(store, places)
    assert [reader.get(digest) for digest in digests] == [*data, data[0]]
    second = PackWriter(store, places)
    assert second.add(data[1]) == digests[1]
    assert second.finish() == {digests[1]: places[digests[1]]}
    assert len(store.list(FOLDER)) == 2


def test_a_full_disk_ends_the_record_and_not_the_run(tmp_path):
    """Adding goes on when a pack cannot be written; the failure is raised when the record is finished."""

    class Full(FolderStore):
        def write(self, key, data, *, expected=None):
            raise StoreFailed("no room", why="the disk is full", next_step="make room")

    writer = PackWriter(Full(tmp_path), {})
    for _ in range(4):
        writer.add(os.urandom(3_000_000))
    with pytest.raises(StoreFailed):
        writer.finish()


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"GITLAB_CI": "true", "CI_JOB_ID": "7"}, "gitlab ci"),
        ({"AWS_LAMBDA_FUNCTION_NAME": "scaler"}, "lambda"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "scaler-1"}, "kubernetes"),
        ({"CI": "1"}, "ci"),
        ({}, "unattended"),
    ],
)
def test_who_runs_it_is_told_from_the_environment(environment, kind):
    """Each by the variables that its documentation names; without any, nobody sits there."""
    assert circumstances(environment, owner="me", attended=False)["kind"] == kind
    assert circumstances({}, owner="me", attended=True)["kind"] == "user"
