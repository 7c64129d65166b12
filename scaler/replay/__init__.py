"""Replay: what policies would have cost and missed on past demand.

The package can be called: ``scaler.replay(trace, policies, conditions)`` is :func:`scaler.replay.run.replay`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from scaler.replay.run import replay  # noqa: PLC0415 - importing the package stays cheap

        return replay(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
