"""What was found → the text of a ``scaler.yaml`` that passes ``scaler validate`` as it stands."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from scaler.config.models import Config
from scaler.config.problems import problems
from scaler.config.yaml_tree import MAX_BYTES, read_tree
from scaler.discovery.group_entry import entry, missing
from scaler.discovery.interface import Found
from scaler.discovery.other_entries import service_lines, variant_lines
from scaler.discovery.yaml_text import comment, commented, scalar
from scaler.errors import ConfigurationError, Refused

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True)
class Draft:
    """A configuration made from an account.

    Attributes:
        text: the file.
        workloads: names of its workloads, by the name of their group.
        left_out: groups that stand in it as comments, with the reason.
    """

    text: str
    workloads: dict[str, str]
    left_out: dict[str, str]


def draft(found: Found) -> Draft:
    """Write the file.

    Raises:
        Refused: no group can be a workload, and without one there is no configuration; or the file would be
            larger than a configuration may be.
    """
    workloads: dict[str, str] = {}
    left_out: dict[str, str] = {}
    blocks: list[list[str]] = []
    for group in found.groups:
        name = workload_name(group.name, taken=workloads.values())
        lines = entry(name, group)
        reason = missing(group) or _mistake(found, lines)
        if reason is None:
            workloads[group.name] = name
            blocks.append(lines)
        else:
            left_out[group.name] = reason
            blocks.append(commented([f"  {comment(group.name)} is left out: {comment(reason)}", *_safe(lines)]))
    if not workloads:
        raise _nothing(found, left_out)
    text = "\n".join([*_head(found), *_joined([*blocks, *_others(found)]), *_foot(found), ""])
    if len(text) > MAX_BYTES:
        raise Refused(
            f"{len(workloads)} groups do not fit into one configuration",
            why=f"it would have {len(text) // 1024} KiB, and {MAX_BYTES // 1024} KiB are the most that is read",
            next_step="Take a part of them at a time, as in --group 'web-*'.",
        )
    return Draft(text, workloads, left_out)


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


def _others(found: Found) -> list[list[str]]:
    """ECS services and SageMaker endpoints, as comments."""
    blocks: list[list[str]] = []
    if found.services or found.variants:
        blocks.append(["  # Not targets of scaler yet: only Auto Scaling groups are. What follows will be theirs."])
    others = [(f"{each.cluster}-{each.name}", service_lines(each)) for each in found.services]
    others += [(f"{each.endpoint}-{each.variant}", variant_lines(each)) for each in found.variants]
    for name, lines in others:
        blocks.append(commented(_safe([f"  {workload_name(name)}:", *(f"    {line}" for line in lines)])))
    return blocks


def _foot(found: Found) -> list[str]:
    lines = ["", "# outputs:", "#   tfvars: infra/scaler.auto.tfvars.json  # where Terraform reads the plan"]
    if found.gaps:
        lines += ["", "# Could not be read, and may be missing above:", *(f"# - {comment(gap)}" for gap in found.gaps)]
    return lines


def _joined(blocks: list[list[str]]) -> list[str]:
    return [line for block in blocks for line in (*block, "")][:-1]


def _nothing(found: Found, left_out: dict[str, str]) -> Refused:
    where = _where(found)
    others = (
        f"{len(found.services)} ECS services and {len(found.variants)} SageMaker variants, which are no targets yet"
    )
    if left_out:
        name, reason = next(iter(left_out.items()))
        return Refused(
            f"no Auto Scaling group of {where} can be a workload",
            why=f"{comment(name)}: {comment(reason)}"
            + (f"; and {len(left_out) - 1} more" if len(left_out) > 1 else ""),
            next_step="Mend that, or write scaler.yaml by hand; nothing was written.",
        )
    return Refused(
        f"there is no Auto Scaling group in {where}",
        why=f"found {others}; a configuration needs one workload at least",
        next_step="Look into another region with AWS_REGION, or another account with AWS_PROFILE; nothing was written.",
    )


def _where(found: Found) -> str:
    return f"account {found.account or 'unknown'}, region {found.region or 'unknown'}"
