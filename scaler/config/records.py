"""What is kept of every run, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from scaler.config.checks import Allowed
from scaler.config.strict import Strict
from scaler.config.units import Duration


def _without_credentials(address: str) -> str:
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise ValueError("holds a user name or password: MLflow reads them from MLFLOW_TRACKING_USERNAME and _PASSWORD")
    return address


class MlflowConfig(Strict):
    """Tracking in MLflow beside the store's own records. Needs the extra ``scaler[mlflow]``."""

    tracking_uri: Annotated[str, AfterValidator(_without_credentials)] | None = Field(
        None,
        min_length=1,
        description="Tracking server or store, e.g. https://mlflow.example.com or sqlite:///mlflow.db; "
        "MLflow's own MLFLOW_TRACKING_URI if not given. Credentials belong into MLflow's environment variables.",
    )
    experiment: str = Field("scaler", min_length=1, max_length=200, description="Experiment that runs are logged to.")
    registry_prefix: Annotated[
        str, Allowed(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", "1 to 40 letters, digits, _ or -, beginning with the former")
    ] = Field("scaler", description="Registered models are called <prefix>-<workload>.")


class RecordsConfig(Strict):
    """The record of every run, kept in the store."""

    keep: Duration = Field(
        timedelta(days=90),
        description="Records older than this are dropped, with what only they need. The newest is always kept.",
    )
    mlflow: MlflowConfig | None = Field(None, description="Track runs in MLflow, too; not if not given.")
