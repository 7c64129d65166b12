"""Forecast: quantiles of demand per step of the horizon.

The package can be called: ``scaler.forecast(frame, horizon="48h")`` is
:func:`scaler.forecast.frame.forecast`. A function beside a package of the same name would be hidden by
it as soon as anything of the package is imported.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from scaler.forecast.frame import forecast  # noqa: PLC0415 - importing the package stays cheap

        return forecast(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
