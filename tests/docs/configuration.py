"""Pieces of ``scaler.yaml`` as pages show them, completed and read by the real reader.

The rule, in this order:

1. a piece with ``version`` is a whole file;
2. if each of its keys is one of the file's, it is merged into :data:`BASE`; what it names below ``workloads``
   begins as the base's one workload;
3. if each of its keys is one of a workload's, it takes their place in that workload; so does a piece of
   ``capacity``, ``load`` or another part that is marked with ``at``.

Where a page shows a key twice, as alternatives on lines of their own, each is read by itself.
"""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from scaler.config import Project, load_config
from scaler.config.models import Config, WorkloadConfig
from tests.docs.blocks import Block

BASE = """\
version: 1
workloads:
  web:
    target: {asg: web}
    load: {file: {path: history.csv, statistic: Sum, period: 15m}}
    capacity: {throughput: {m7i.large: 180/s}}
    limits: {min: 2, max: 60}
"""


def read_piece(block: Block, folder: Path) -> list[Project]:
    """The configurations that the block is a piece of, each read from a file in ``folder``."""
    projects = []
    for number, text in enumerate(_alternatives(block.text)):
        path = folder / f"piece-{number}.yaml"
        path.write_text(complete(text, at=block.marks.get("at")), encoding="utf-8")
        projects.append(load_config(path))
    return projects


def complete(text: str, *, at: str | None = None) -> str:
    """The whole file that a piece belongs to."""
    piece = _load(text)
    assert isinstance(piece, dict), "not keys with values"
    if "version" in piece:
        return text
    base = _load(BASE)
    if at is not None:
        _put(base, at.split("."), piece)
    elif set(piece) <= set(Config.model_fields):
        _merge(base, piece)
    elif set(piece) <= set(WorkloadConfig.model_fields):
        base["workloads"]["web"] |= piece
    else:
        raise AssertionError(f"keys of neither a file nor a workload, and no mark says where they stand: {list(piece)}")
    written = io.StringIO()
    YAML(typ="safe").dump(base, written)
    return written.getvalue()


def _load(text: str) -> Any:
    return YAML(typ="safe").load(text)


def _alternatives(text: str) -> list[str]:
    """The text, or its lines if all of them begin with the same key."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    keys = [line.partition(":")[0] for line in lines if not line.startswith((" ", "}"))]
    if len(lines) > 1 and len(keys) == len(lines) and len(set(keys)) == 1:
        return lines
    return [text]


def _merge(base: dict[str, Any], piece: dict[str, Any]) -> None:
    shown = piece.pop("workloads", None)
    if shown is not None:
        web = base["workloads"]["web"]
        base["workloads"] = {name: copy.deepcopy(web) | given for name, given in shown.items()}
        # A relative of another workload needs that one.
        for given in shown.values():
            for other in (given.get("like"), given.get("predecessor")):
                if isinstance(other, str):
                    base["workloads"].setdefault(other, copy.deepcopy(web) | {"target": {"asg": other}})
    for key, value in piece.items():
        base[key] = base.get(key, {}) | value if isinstance(value, dict) else value


def _put(base: dict[str, Any], keys: list[str], piece: dict[str, Any]) -> None:
    *above, last = keys
    place = base
    for key in above:
        place = place.setdefault(key, {})
    place[last] = piece
