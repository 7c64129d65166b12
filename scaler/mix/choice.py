"""The cheapest list of types of a given length: a small integer program for HiGHS, and a greedy way without it.

What the group is told holds for all hours alike, one list and one percentage, so that a week is no larger a
problem than an hour. The hours are in the sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["highs", "greedy"]
Floats = NDArray[np.float64]
_SCALE, _TIE = 1e6, 1e-4


@dataclass(frozen=True, eq=False)
class Limit:
    """Something that the types of a list use up together, such as a quota of vCPUs.

    Attributes:
        name: for notes.
        use: shape ``(types,)``: what each type would take if it carried all spot units.
        bound: what there is. A list of D types takes a D-th of the sum of its types' use.
    """

    name: str
    use: Floats
    bound: float


@dataclass(frozen=True)
class TypeList:
    """Places of the chosen types, ascending.

    Attributes:
        usd: sum of the types' prices.
        gap: relative gap that the solver leaves; ``None`` of the greedy way, which knows none.
    """

    chosen: tuple[int, ...]
    usd: float
    method: Method
    gap: float | None


def cheapest_list(
    usd: Floats,
    count: int,
    *,
    allowed: NDArray[np.bool_],
    kept: Sequence[int] = (),
    limits: Sequence[Limit] = (),
    time_limit_seconds: float = 5.0,
) -> TypeList | None:
    """``count`` of the allowed types at the least sum of prices; of equals the first.

    Args:
        usd: price by type, shape ``(types,)``, finite.
        kept: types that are on the list in any case.

    Returns:
        ``None`` if there is no such list.
    """
    if int(allowed.sum()) < count or count < 1 or len(kept) > count or not all(allowed[list(kept)]):
        return None
    solved = _solve(usd, count, allowed, kept, limits, time_limit_seconds)
    return greedy_list(usd, count, allowed=allowed, kept=kept, limits=limits) if solved == "no answer" else solved


def _solve(  # noqa: PLR0917 - one call
    usd: Floats,
    count: int,
    allowed: NDArray[np.bool_],
    kept: Sequence[int],
    limits: Sequence[Limit],
    time_limit_seconds: float,
) -> TypeList | Literal["no answer"] | None:
    from scipy.optimize import Bounds, LinearConstraint, milp

    lower = np.zeros(usd.size)
    lower[list(kept)] = 1
    rows = [LinearConstraint(np.ones((1, usd.size)), count, count)]
    rows += [LinearConstraint(limit.use[None, :] / count, -np.inf, limit.bound) for limit in limits]
    # HiGHS stops at an absolute gap, too: in these units it is nothing. Of equal lists the first types are taken.
    scaled = usd / usd[allowed].max() * _SCALE
    answer = milp(
        scaled + np.arange(usd.size) * _TIE,
        constraints=rows,
        integrality=np.ones(usd.size, dtype=np.int64),
        bounds=Bounds(lower, allowed.astype(float)),
        options={"time_limit": time_limit_seconds, "mip_rel_gap": 0.0},
    )
    if answer.x is None:
        return None if answer.status == 2 else "no answer"  # 2 is infeasible: proven, not given up
    chosen = tuple(int(each) for each in np.flatnonzero(answer.x > 0.5))
    return TypeList(chosen, float(usd[list(chosen)].sum()), "highs", float(answer.mip_gap or 0.0))


def greedy_list(
    usd: Floats, count: int, *, allowed: NDArray[np.bool_], kept: Sequence[int] = (), limits: Sequence[Limit] = ()
) -> TypeList | None:
    """The same by price alone, passing over what a limit has no room for; the best without limits."""
    chosen = list(kept)
    for place in np.argsort(usd, kind="stable"):
        if len(chosen) == count:
            break
        tried = [*chosen, int(place)]
        if allowed[place] and place not in chosen and all(x.use[tried].sum() / count <= x.bound for x in limits):
            chosen = tried
    if len(chosen) < count:
        return None
    return TypeList(tuple(sorted(chosen)), float(usd[chosen].sum()), "greedy", None)
