"""Runs and models in MLflow, beside the store's own records; and what a person has decided there about a model.

Each workload has a registered model ``<prefix>-<workload>``; each forecasting model that was ever its champion or
challenger is a version of it, and the aliases ``champion`` and ``challenger`` say which it is now. Who moves the
alias ``champion`` to another version decides: the next plan uses that model, and scaler leaves the alias where it is,
until it is moved back or deleted.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, get_args

from scaler.aws.redaction import one_safe_line
from scaler.config.forecasting import ModelName
from scaler.config.records import MlflowConfig
from scaler.plan.document import Plan
from scaler.plan.seal import encode
from scaler.record.interface import ChosenModel, RecordFailed, RunRecord

CHAMPION, CHALLENGER = "champion", "challenger"
#: Tag of a registered model: the version that scaler made champion. Another one there is somebody's decision.
OURS = "scaler.champion"
MODELS = frozenset(get_args(ModelName)) - {"auto"}
# MLflow reads these and nothing else: no search for a git repository around it, and no minutes of retries, as a plan
# waits for none of this. Who sets them otherwise is obeyed.
_SETTINGS = {
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
}
_BATCH = 900  # metrics per call; the API takes a thousand


class MlflowTracking:
    """A tracking server or store.

    Raises:
        RecordFailed: MLflow is not installed.
    """

    def __init__(self, config: MlflowConfig) -> None:
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        try:
            with _quietly():
                from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise RecordFailed(
                "runs are not tracked in MLflow",
                why=f"it is not installed: {error.name}",
                next_step="pip install 'scaler[mlflow]', or remove records.mlflow",
            ) from error
        with _told("cannot be opened"):
            self._client: Any = MlflowClient(tracking_uri=config.tracking_uri, registry_uri=config.tracking_uri)
        self._config = config

    def held(self, workloads: Sequence[str]) -> dict[str, str]:
        """By workload, the model that a person has made champion in the place of scaler's.

        Raises:
            RecordFailed: MLflow does not answer.
        """
        found: dict[str, str] = {}
        with _told("cannot be read"):
            for workload in workloads:
                registered = self._registered(workload)
                version = None if registered is None else dict(registered.aliases).get(CHAMPION)
                if registered is None or version is None or str(version) == registered.tags.get(OURS):
                    continue
                model = self._client.get_model_version(self._name(workload), version).tags.get("model")
                if model in MODELS:
                    found[workload] = model
        return found

    def log(self, record: RunRecord, plan: Plan) -> str:
        """Log a run with its parameters, metrics, files and models; returns MLflow's id of it.

        The same run again is logged once.

        Raises:
            RecordFailed: MLflow does not answer.
        """
        with _told("does not take the run"):
            experiment = self._experiment()
            known = self._client.search_runs([experiment], f"tags.`scaler.run` = '{record.run}'", max_results=1)
            if known:
                return str(known[0].info.run_id)
            tags = {"scaler.run": record.run, "scaler.plan_id": record.plan_id, "scaler.command": record.command}
            run = self._client.create_run(experiment, tags=tags, run_name=record.run)
            run_id = str(run.info.run_id)
            self._parameters(run_id, record)
            self._metrics(run_id, record, plan)
            self._client.log_text(run_id, json.dumps(asdict(record), sort_keys=True, indent=1), "record.json")
            self._client.log_text(run_id, encode(plan), "plan.json")
            for chosen in record.workloads:
                self._register(chosen, run_id, run.info.artifact_uri)
            self._client.set_terminated(run_id)
            return run_id

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(self._config.experiment)
        return str(found.experiment_id if found else self._client.create_experiment(self._config.experiment))

    def _parameters(self, run_id: str, record: RunRecord) -> None:
        from mlflow.entities import Param

        given = {
            "as_of": record.as_of,
            "config_digest": record.config_digest,
            "inputs_digest": record.inputs_digest,
            **{f"version.{name}": version for name, version in record.versions.items()},
            **{f"model.{each.workload}": each.model for each in record.workloads if each.model is not None},
        }
        for part in _parts([Param(_key(name), value) for name, value in given.items()], 90):
            self._client.log_batch(run_id, params=part)

    def _metrics(self, run_id: str, record: RunRecord, plan: Plan) -> None:
        from mlflow.entities import Metric

        at = int(plan.as_of.timestamp() * 1000)
        given: dict[str, float] = {"refused": sum(part.status == "refused" for part in plan.workloads)}
        for chosen in record.workloads:
            own = next((each for each in chosen.candidates if each["model"] == chosen.model), None)
            if own is None:
                continue
            if own["pinball"] is not None:
                given[f"pinball.{chosen.workload}"] = own["pinball"]
            for level, share in own["coverage"].items():
                given[f"coverage_{level}.{chosen.workload}"] = share
        for part in plan.workloads:
            if part.cost is not None and part.cost.p50_usd is not None:
                given[f"cost_p50_usd.{part.name}"] = part.cost.p50_usd
        for batch in _parts([Metric(_key(name), value, at, 0) for name, value in given.items()], _BATCH):
            self._client.log_batch(run_id, metrics=batch)

    def _register(self, chosen: ChosenModel, run_id: str, artifacts: str) -> None:
        if chosen.model is None or chosen.model not in MODELS:
            return
        name = self._name(chosen.workload)
        registered = self._registered(chosen.workload)
        if registered is None:
            registered = self._client.create_registered_model(name, tags={"workload": chosen.workload})
        champion = self._version(name, chosen.model, run_id, artifacts)
        aliases = {alias: str(version) for alias, version in dict(registered.aliases).items()}
        ours = registered.tags.get(OURS)
        if aliases.get(CHAMPION) in (None, ours):  # otherwise somebody has decided
            self._client.set_registered_model_alias(name, CHAMPION, champion)
            self._client.set_registered_model_tag(name, OURS, champion)
        other = _runner_up(chosen)
        if other is not None:
            version = self._version(name, other, run_id, artifacts)
            self._client.set_registered_model_alias(name, CHALLENGER, version)
        elif CHALLENGER in aliases:
            self._client.delete_registered_model_alias(name, CHALLENGER)

    def _version(self, name: str, model: str, run_id: str, artifacts: str) -> str:
        """The version of a model, made when it is first needed."""
        known = self._client.search_model_versions(f"name = '{name}'")
        mine = [each for each in known if each.tags.get("model") == model]
        if mine:
            return str(max(mine, key=lambda each: int(each.version)).version)
        made = self._client.create_model_version(name, source=artifacts, run_id=run_id, tags={"model": model})
        return str(made.version)

    def _registered(self, workload: str) -> Any:
        found = self._client.search_registered_models(f"name = '{self._name(workload)}'", max_results=1)
        return found[0] if found else None

    def _name(self, workload: str) -> str:
        return f"{self._config.registry_prefix}-{workload}"


def _runner_up(chosen: ChosenModel) -> str | None:
    others = [
        each for each in chosen.candidates if each["model"] in MODELS - {chosen.model} and each["pinball"] is not None
    ]
    return min(others, key=lambda each: each["pinball"])["model"] if others else None


def _key(name: str) -> str:
    """Names of MLflow have letters, digits and some signs, up to 250."""
    return "".join(character if character.isalnum() or character in "_-. /" else "_" for character in name)[:250]


def _parts(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for first in range(0, len(items), size):
        yield list(items[first : first + size])


@contextmanager
def _quietly() -> Iterator[None]:
    """MLflow's libraries warn about each other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Whatever MLflow raises is a failure to record; its text may quote an address with a password."""
    try:
        with _quietly():
            yield
    except RecordFailed:
        raise
    except Exception as error:
        raise RecordFailed(
            f"MLflow {what}",
            why=f"{type(error).__name__}: {one_safe_line(error)}",
            next_step="check records.mlflow and its environment; the store's own record does not depend on it",
        ) from error
