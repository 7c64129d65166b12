"""Runs and models in a real MLflow store: a file of SQLite, and the folder that older versions use."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from scaler.cli.main import main
from scaler.config.records import MlflowConfig
from scaler.plan.seal import decode
from scaler.record.interface import ChosenModel, RecordFailed, RunRecord
from scaler.record.tracking import MlflowTracking
from tests.apply.builders import part, sealed
from tests.pipeline.conftest import CONFIG, FILE, web_demand, write_csv

pytest.importorskip("mlflow", reason="the extra scaler[mlflow] is not installed")
pytestmark = [
    pytest.mark.slow,  # MLflow takes two seconds to import and as long to make a database
    # Its libraries warn about each other, and it leaves connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
START = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow puts artefacts of a database, and a database of its own, into the folder it runs in."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=["sqlite", "folder"])
def store(request, tmp_path: Path, monkeypatch) -> str:
    """The address of an empty store."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return f"sqlite:///{tmp_path}/mlflow.db" if request.param == "sqlite" else (tmp_path / "mlruns").as_uri()


def chosen(model: str, *others: tuple[str, float]) -> ChosenModel:
    """A workload's model with its score and those of others."""
    scores = [(model, 1.5), *others]
    candidates = tuple({"model": m, "pinball": p, "coverage": {"0.5": 0.52}, "failure": None} for m, p in scores)
    return ChosenModel("shop", "changed", ("why",), model, "why", START.isoformat(), "d" * 64, 9, candidates)


def recorded(model: ChosenModel, number: int) -> RunRecord:
    """A run."""
    return RunRecord(
        run=f"20261121T00000{number}Z-0123456789ab", plan_id="f" * 64, as_of=START.isoformat(), command="plan",
        exit_code=0, invocations=(), versions={"scaler": "0.1", "numpy": "2"}, config="{}", config_digest="c" * 64,
        inputs_digest="e" * 64, assumptions={}, workloads=(model,),
    )  # fmt: skip


def plan():
    """Any sealed plan."""
    from scaler.live.fingerprint import live_group

    return sealed([part("shop", [2, 3], live_group(min_size=2, max_size=9, desired_size=4), START)], START)


def test_a_run_is_logged_once_with_parameters_metrics_files_and_stages(store):
    """Champion and runner-up are versions with their aliases; the same run again adds nothing."""
    tracking = MlflowTracking(MlflowConfig(tracking_uri=store))
    first = tracking.log(recorded(chosen("panel", ("ets", 1.9), ("prophet", 1.7)), 1), plan())
    assert tracking.log(recorded(chosen("panel", ("ets", 1.9), ("prophet", 1.7)), 1), plan()) == first
    client = tracking._client
    run = client.get_run(first)
    assert run.info.status == "FINISHED"
    assert run.data.params["model.shop"] == "panel"
    assert run.data.params["version.numpy"] == "2"
    assert run.data.metrics["pinball.shop"] == 1.5
    assert run.data.metrics["coverage_0.5.shop"] == 0.52
    folder = Path(client.download_artifacts(first, "plan.json"))
    assert decode(folder.read_text()) == plan()
    assert {each.path for each in client.list_artifacts(first)} == {"plan.json", "record.json"}
    assert model_at(client, "champion") == "panel"
    assert model_at(client, "challenger") == "prophet"
    assert tracking.held(["shop", "unknown"]) == {}


def model_at(client, alias: str) -> str:
    """The model that has an alias."""
    return client.get_model_version_by_alias("scaler-shop", alias).tags["model"]


def test_champions_change_and_a_rollback_is_kept_until_it_is_taken_back(store):
    """A new champion moves the alias; where a person moved it, scaler leaves it and the model is held."""
    tracking = MlflowTracking(MlflowConfig(tracking_uri=store))
    client = tracking._client
    tracking.log(recorded(chosen("ets"), 1), plan())
    old = client.get_model_version_by_alias("scaler-shop", "champion").version
    tracking.log(recorded(chosen("panel", ("ets", 2.0)), 2), plan())
    new = client.get_model_version_by_alias("scaler-shop", "champion").version
    assert (model_at(client, "champion"), model_at(client, "challenger")) == ("panel", "ets")
    client.set_registered_model_alias("scaler-shop", "champion", old)
    assert tracking.held(["shop"]) == {"shop": "ets"}
    tracking.log(recorded(chosen("ets", ("panel", 1.0)), 3), plan())
    assert model_at(client, "champion") == "ets"
    assert tracking.held(["shop"]) == {"shop": "ets"}
    client.set_registered_model_alias("scaler-shop", "champion", new)
    assert tracking.held(["shop"]) == {}
    client.delete_registered_model_alias("scaler-shop", "champion")
    tracking.log(recorded(chosen("ets"), 4), plan())
    assert model_at(client, "champion") == "ets"


def test_a_rollback_decides_the_next_plan(tmp_path, capsys):
    """``scaler plan`` uses the model that the registry holds it to, its record says so, and it comes out again."""
    address = f"sqlite:///{tmp_path}/mlflow.db"
    end = datetime.now(UTC)
    times, values = web_demand()
    times = times + (int(end.timestamp()) // 900 * 900 - int(times[-1]) - 900)
    write_csv(tmp_path / "history.csv", "shop", np.asarray(times), values)
    config = tmp_path / "scaler.yaml"
    text = CONFIG.format(load=FILE, maximum=20, live="{min_size: 2, max_size: 20, desired_size: 4}")
    text += f"records: {{mlflow: {{tracking_uri: '{address}'}}}}\n"

    def planned(model: str) -> tuple[str, str]:
        config.write_text(text.replace("seasonal_naive", model))
        assert main(["plan", "--config", str(config), "--format", "json"]) == 0
        out, err = capsys.readouterr()
        assert "warning" not in err
        return decode(out).workloads[0].forecast.model, err

    assert planned("seasonal_naive")[0] == "seasonal_naive"
    assert planned("auto")[0] == "panel"
    client = MlflowTracking(MlflowConfig(tracking_uri=address))._client
    client.set_registered_model_alias("scaler-shop", "champion", "1")
    model, err = planned("auto")
    assert model == "seasonal_naive"
    assert "shop is held to the model seasonal_naive by the registry" in err
    runs = sorted((tmp_path / "forecasts/records").glob("*/record.json"), key=os.path.getmtime)
    assert '"shop": "seasonal_naive"' in runs[-1].read_text()
    os.environ["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:9"  # nobody is asked
    try:
        assert main(["plan", "--config", str(config), "--reproduce", runs[-1].parent.name]) == 0
    finally:
        del os.environ["MLFLOW_TRACKING_URI"]
    capsys.readouterr()
    client.set_registered_model_alias("scaler-shop", "champion", "2")
    assert planned("auto")[0] == "panel"


def test_a_store_that_does_not_answer_is_a_failure_without_its_secrets(monkeypatch):
    """The plan goes on: this is what becomes of the record. The address' password is not in it."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RecordFailed) as caught:
        MlflowTracking(MlflowConfig(tracking_uri="http://127.0.0.1:9")).held(["shop"])
    assert "MLflow" in str(caught.value)
    with pytest.raises(ValueError, match="user name or password"):
        MlflowConfig(tracking_uri="https://ann:canary@mlflow.example.com")
