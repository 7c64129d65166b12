"""A pretrained transformer from a folder of the user's (an extra). Nothing is ever downloaded."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaler.forecast.extras import ModelUnavailable, imported
from scaler.forecast.hourly import predict_rows
from scaler.forecast.knowledge import Knowledge
from scaler.forecast.seasons import DAY_SECONDS

# More context than this is beyond what such models were trained on.
MOST_CONTEXT = 1_024


@dataclass(frozen=True)
class Pretrained:
    """The median of a Chronos model on hours; its quantiles come from the shared calibration.

    Attributes:
        folder: the model, as its library saves it (``config.json`` and weights); ``None`` if none was named.
    """

    folder: str | None = None
    name = "pretrained"

    def min_steps(self, step_seconds: int) -> int:
        """A day: the model brings the rest."""
        return DAY_SECONDS // step_seconds

    def informed(self, knowledge: Knowledge) -> Pretrained:
        """The same model with the folder that the workload names."""
        return replace(self, folder=knowledge.pretrained)

    def predict(
        self,
        values: NDArray[np.float64],
        *,
        start_epoch: int,
        step_seconds: int,
        horizon_steps: int,
        timezones: tuple[str, ...],
    ) -> NDArray[np.float64]:
        """Predict shape ``(n, horizon_steps)`` from ``values`` of shape ``(n, t)`` without NaN.

        Raises:
            ModelUnavailable: the folder is missing or no model, or the package is not installed.
            Exception: whatever the library raises.
        """
        folder = self._checked()
        return predict_rows(
            values,
            lambda series, _per_day, _first, horizon: _median(folder, series, horizon),
            start_epoch=start_epoch,
            step_seconds=step_seconds,
            horizon_steps=horizon_steps,
            timezones=timezones,
            weekly=False,
        )

    def _checked(self) -> Path:
        if self.folder is None:
            raise ModelUnavailable(
                "no folder of a pretrained model is named",
                why="forecast.pretrained is not set, and nothing is downloaded",
                next_step="Set forecast.pretrained to the folder of the model.",
            )
        folder = Path(self.folder)
        if not (folder / "config.json").is_file():
            raise ModelUnavailable(
                f"there is no pretrained model in {self.folder}",
                why="it is no folder with a config.json",
                next_step="Set forecast.pretrained to the folder that holds config.json and the weights.",
            )
        return folder


def _median(folder: Path, series: NDArray[np.float64], horizon: int) -> NDArray[np.float64]:
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    chronos = imported("chronos", extra="pretrained")
    torch = imported("torch", extra="pretrained")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(1)
        pipeline = chronos.BaseChronosPipeline.from_pretrained(str(folder), local_files_only=True)
        context = torch.tensor(series[-MOST_CONTEXT:], dtype=torch.float32)
        quantiles, _ = pipeline.predict_quantiles(context, prediction_length=horizon, quantile_levels=[0.5])
    return np.asarray(quantiles[0, :, 0], dtype=np.float64)
