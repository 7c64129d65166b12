"""Packages that come with an extra: imported when a model of theirs is used, and missed in plain words."""

from __future__ import annotations

import importlib
from typing import Any

from scaler.forecast.interface import ForecastRefused


class ModelUnavailable(ForecastRefused):
    """A model was named whose package or files are not there."""


def imported(module: str, *, extra: str) -> Any:
    """Import a module of an extra.

    Raises:
        ModelUnavailable: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ModelUnavailable(
            f"{module.partition('.')[0]} is not installed: install scaler[{extra}]",
            why=str(error).splitlines()[0],
            next_step=f"Install the extra, as scaler[{extra}], or name another model.",
        ) from error
