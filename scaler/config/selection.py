"""Workloads chosen by name or pattern."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from scaler.config.resolved import Project
from scaler.errors import UsageError


def matching(project: Project, patterns: Sequence[str]) -> tuple[str, ...]:
    """Names that the patterns match, sorted; empty if there are no patterns, which means all.

    Raises:
        UsageError: a pattern matches nothing.
    """
    names = sorted(project.config.workloads)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            near = get_close_matches(pattern, names, n=3) or names[:3]
            raise UsageError(
                f"no workload matches {pattern!a}",
                why=f"the configuration has {', '.join(near)}" + (" and others" if len(names) > len(near) else ""),
                next_step="name one of them, or use a glob such as 'web-*'",
            )
    return tuple(name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns))
