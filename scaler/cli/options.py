"""Options that several commands share, with the one help text that each has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

#: Where the configuration is looked for.
DEFAULT_CONFIG = Path("scaler.yaml")

ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The configuration.")]
"""Path of the configuration; default :data:`DEFAULT_CONFIG`."""

AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="TIME",
        help="Act as if it were this time, e.g. 2026-01-31T12:00Z, and see nothing after it.",
    ),
]
"""A time as text; default ``None``, which is now."""

WorkloadOption = Annotated[
    list[str] | None,
    typer.Option("--workload", "-w", metavar="NAME", help="Only this workload; repeatable, * and ? match names."),
]
"""Names or patterns of workloads; default ``None``, which is all."""

OfflineOption = Annotated[bool, typer.Option("--offline", help="Use what is archived; call nothing.")]
"""Whether AWS is left alone; default ``False``."""

QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but the result and errors.")]
"""Whether progress and notes are left out; default ``False``."""

EventOption = Annotated[
    list[str] | None,
    typer.Option(
        "--event",
        metavar="NAME,START,DURATION,EFFECT",
        help="What if: an event beside those configured, e.g. 'sale,2026-11-27T00:00,24h,x2.5'. The effect is x2.5, "
        "floor=500 or learn. Repeatable.",
    ),
]
"""Events as text; default ``None``."""
