"""Gauges as Prometheus reads them: as a file for the textfile collector, or pushed to a Pushgateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from scaler.config.prometheus import PrometheusAuth
from scaler.emit.write import write_bytes
from scaler.metrics.interface import Sample
from scaler.notify.delivery import Door
from scaler.notify.messages import variable


def exposition(samples: Sequence[Sample], *, project: str, command: str) -> bytes:
    """The text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/), sorted."""
    lines: list[str] = []
    for gauge, group in groupby(sorted(samples, key=_order), key=lambda sample: sample.gauge):
        lines += [f"# HELP {gauge.name} {_escaped(gauge.told, quotes=False)}", f"# TYPE {gauge.name} gauge"]
        for sample in group:
            labels = sorted({"project": project, "command": command, **dict(sample.labels)}.items())
            told = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
            lines.append(f"{gauge.name}{{{told}}} {float(sample.value)!r}")
    return "".join(f"{line}\n" for line in lines).encode()


def write_textfile(folder: Path, text: bytes, *, project: str, command: str) -> Path:
    """Write the file of a command whole, so that a scrape sees the old one or the new one.

    Raises:
        OutputRefused: there is no such folder, or the file is a link.
        Failed: the disk refused.
    """
    path = folder / f"scaler-{project}-{command}.prom"
    write_bytes(path, text)
    return path


def push(
    server: str,
    text: bytes,
    *,
    project: str,
    command: str,
    auth: PrometheusAuth | None,
    environment: Mapping[str, str],
) -> None:
    """Put the gauges of a command in the place of its earlier ones.

    Raises:
        NoticeFailed: the gateway did not take them.
    """
    import urllib3

    door, headers, secrets = Door("the Pushgateway"), dict[str, str](), list[str]()
    if auth is not None:
        values = [variable(name, environment, door) for name in auth.variables]
        if auth.bearer_token_env is not None:
            headers["Authorization"] = f"Bearer {values[0]}"
        else:
            headers["Authorization"] = urllib3.make_headers(basic_auth=":".join(values))["authorization"]
        secrets = [*values[-1:], headers["Authorization"].partition(" ")[2]]
    place = f"{server}/metrics/job/scaler/project/{quote(project)}/command/{quote(command)}"
    kind = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    Door(door.medium, headers, tuple(secrets)).ask("PUT", place, text, kind)


def _order(sample: Sample) -> tuple[str, tuple[tuple[str, str], ...]]:
    return sample.gauge.name, sample.labels


def _escaped(text: str, *, quotes: bool = True) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quotes else escaped
