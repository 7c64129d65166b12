"""Minutes of a replay as Parquet, so that anyone can score policies with a simulator of their own."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from scaler.replay.interface import Policy
from scaler.replay.run import Replay, replay
from scaler.replay.summary import Row, words


def chosen_minutes(made: Replay, rows: Sequence[Row]) -> Replay:
    """The same replay with each policy at its one chosen setting, all minutes kept."""
    policies = [
        Policy(run.policy.name, (row.setting,), run.policy.floor)
        for row in rows
        if row.setting is not None and (run := made.runs.get(row.policy)) is not None
    ]
    return replay(made.trace, policies, made.conditions, first=made.first, keep_minutes=True)


def parquet(made: Replay) -> bytes:
    """One row per policy and minute.

    Columns: ``policy``, ``setting`` (text), ``time`` (UTC, start of the minute), ``demand`` (in the unit of the load,
    null is unknown), ``demand_per_instance``, ``wanted``, ``ready`` and ``billed`` (instances).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    demand = made.trace.demand[made.first :]
    start = np.datetime64((made.trace.start + timedelta(minutes=made.first)).replace(tzinfo=None), "us")
    times = pa.array(start + np.arange(demand.size) * np.timedelta64(1, "m"), pa.timestamp("us", tz="UTC"))
    shown = pa.array(demand, mask=~np.isfinite(demand))
    tables = [
        pa.table(
            {
                "policy": pa.array([name] * demand.size).dictionary_encode(),
                "setting": pa.array([words(run.policy.settings[0])] * demand.size).dictionary_encode(),
                "time": times,
                "demand": shown,
                "demand_per_instance": pa.array(np.full(demand.size, made.trace.demand_per_instance)),
                "wanted": pa.array(run.outcomes[0].wanted),
                "ready": pa.array(run.outcomes[0].ready),
                "billed": pa.array(run.outcomes[0].billed),
            }
        )
        for name, run in made.runs.items()
    ]
    sink = io.BytesIO()
    pq.write_table(pa.concat_tables(tables, promote_options="default").unify_dictionaries(), sink, compression="zstd")
    return sink.getvalue()
