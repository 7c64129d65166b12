"""What was found → the text of a ``scaler.yaml`` that passes ``scaler validate`` as it stands."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from pydantic import ValidationError

from scaler.config.models import Config
from scaler.config.problems import problems
from scaler.config.yaml_tree import MAX_BYTES, read_tree
from scaler.discovery.group_entry import entry, missing
from scaler.discovery.interface import Found
from scaler.discovery.other_entries import service_entry, service_missing, variant_entry, variant_missing
from scaler.discovery.yaml_text import comment, commented, scalar
from scaler.errors import ConfigurationError, Refused

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True)
class Draft:
    """A configuration made from an account.

    Attributes:
        text: the file.
        workloads: names of its workloads, by the name of their group, service or variant.
        left_out: what stands in it as comments, with the reason.
    """

    text: str
    workloads: dict[str, str]
    left_out: dict[str, str]


def draft(found: Found) -> Draft:
    """Write the file.

    Raises:
        Refused: nothing can be a workload, and without one there is no configuration; or the file would be
            larger than a configuration may be.
    """
    workloads: dict[str, str] = {}
    left_out: dict[str, str] = {}
    blocks: list[list[str]] = []
    for candidate in _candidates(found):
        name = workload_name(candidate.name, taken=workloads.values())
        lines = candidate.entry(name)
        reason = candidate.missing or _mistake(found, lines)
        if reason is None:
            workloads[candidate.key] = name
            blocks.append(lines)
        else:
            left_out[candidate.key] = reason
            blocks.append(commented([f"  {comment(candidate.key)} is left out: {comment(reason)}", *_safe(lines)]))
    if not workloads:
        raise _nothing(found, left_out)
    text = "\n".join([*_head(found), *_joined(blocks), *_foot(found), ""])
    if len(text) > MAX_BYTES:
        raise Refused(
            f"{len(workloads)} groups do not fit into one configuration",
            why=f"it would have {len(text) // 1024} KiB, and {MAX_BYTES // 1024} KiB are the most that is read",
            next_step="Take a part of them at a time, as in --group 'web-*'.",
        )
    return Draft(text, workloads, left_out)


@dataclass(frozen=True)
class _Candidate:
    """What may become a workload.

    Attributes:
        key: what it is called in the account, with its kind where it is no group.
        name: that the workload's is made from.
        missing: why it cannot be one, as far as that shows without its lines.
    """

    key: str
    name: str
    entry: Callable[[str], list[str]]
    missing: str | None


def _candidates(found: Found) -> Iterator[_Candidate]:
    for group in found.groups:
        yield _Candidate(group.name, group.name, partial(entry, group=group), missing(group))
    for service in found.services:
        where = f"{service.cluster}/{service.name}"
        written = partial(service_entry, service=service)
        yield _Candidate(f"ECS service {where}", f"{service.cluster}-{service.name}", written, service_missing(service))
    for variant in found.variants:
        where = f"{variant.endpoint}/{variant.variant}"
        name = f"{variant.endpoint}-{variant.variant}"
        yield _Candidate(
            f"SageMaker variant {where}", name, partial(variant_entry, variant=variant), variant_missing(variant)
        )


def workload_name(group: str, *, taken: Iterable[str] = ()) -> str:
    """The group's name where it can name a workload; else the nearest to it, told apart by a digest."""
    if _NAME.fullmatch(group) and group not in taken:
        return group
    digest = hashlib.sha256(group.encode()).hexdigest()[:6]
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", group).strip("-._")[:56] or "group"
    return f"{stem}-{digest}"


def _mistake(found: Found, lines: list[str]) -> str | None:
    """Why a configuration of these lines alone would be refused, if it would."""
    try:
        tree = read_tree("\n".join([*_defaults(found), "workloads:", *lines, ""]), "scaler.yaml")
        Config.model_validate(tree.value)
    except ValidationError as error:
        first = problems(error, tree, "scaler.yaml")
        return f"{first.key or 'it'} {first.what}"
    except ConfigurationError as error:
        return error.what
    return None


def _safe(lines: list[str]) -> list[str]:
    # Indentation is all that is kept of a line that may hold anything.
    return [" " * (len(line) - len(line.lstrip(" "))) + comment(line) for line in lines]


def _head(found: Found) -> list[str]:
    return [
        f"# What runs in {_where(found)}, as scaler init found it.",
        "# Each workload is read as CPU times the instances in service: that works without measuring anything, and",
        "# plans to run at a utilisation. Better metrics stand beside it, where there are any. Check it with",
        "# scaler validate, then see what it would do with scaler plan.",
        *_defaults(found),
        "  # timezone: America/New_York       # seasons follow its wall time; UTC if not given",
        "  # prices:                          # without prices a plan tells no cost",
        "  #   as_of: 2026-01-31",
        "  #   usd_per_hour: {m7i.large: {on_demand: 0.1008, spot: 0.0412}}",
        "",
        "workloads:",
    ]


def _defaults(found: Found) -> list[str]:
    region = [f"  region: {scalar(found.region)}"] if found.region else []
    return ["version: 1", "defaults:", *region, "  risk: {service_level: 0.99}"]


def _foot(found: Found) -> list[str]:
    lines = ["", "# outputs:", "#   tfvars: infra/scaler.auto.tfvars.json  # where Terraform reads the plan"]
    if found.gaps:
        lines += ["", "# Could not be read, and may be missing above:", *(f"# - {comment(gap)}" for gap in found.gaps)]
    return lines


def _joined(blocks: list[list[str]]) -> list[str]:
    return [line for block in blocks for line in (*block, "")][:-1]


def _nothing(found: Found, left_out: dict[str, str]) -> Refused:
    where = _where(found)
    if left_out:
        name, reason = next(iter(left_out.items()))
        return Refused(
            f"nothing in {where} can be a workload",
            why=f"{comment(name)}: {comment(reason)}"
            + (f"; and {len(left_out) - 1} more" if len(left_out) > 1 else ""),
            next_step="Mend that, or write scaler.yaml by hand; nothing was written.",
        )
    return Refused(
        f"there is no Auto Scaling group, ECS service or SageMaker endpoint in {where}",
        why="a configuration needs one workload at least",
        next_step="Look into another region with AWS_REGION, or another account with AWS_PROFILE; nothing was written.",
    )


def _where(found: Found) -> str:
    return f"account {found.account or 'unknown'}, region {found.region or 'unknown'}"
