"""What the replay benchmark says of its cases: the goals, and the cost of every policy at every budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from scaler.replay.bootstrap import saving
from scaler.replay.fronts import cheapest_within, gap_closed, geometric_mean, safest
from scaler.replay.ledger import Ledger
from scaler.replay.tuning import choose, one_for_all
from scripts.benches import Figure

TARGET_TRACKING = "target tracking"
SCHEDULE = "hour-of-week schedule + TT"
ROLLING = ("scaler rolling + TT", "scaler rolling + HPA")
DAILY = ("levelled week + TT", "scaler day-ahead + TT")
HELD = "scaler rolling + TT"
BUDGETS = (0.01, 0.006, 0.005, 0.003, 0.001)
SHOWN_BUDGETS = (0.01, 0.006, 0.003, 0.001)
SHORT, LONG = (5, 10), (30, 45)
GROUPS: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "web_lead_5_10": ("web", SHORT),
    "web_lead_30_45": ("web", LONG),
    "gpu_lead_10_15": ("gpu", (10, 15)),
}


@dataclass(frozen=True, eq=False)
class Case:
    """One trace under one lead time.

    Attributes:
        ledgers: sums per day of all settings, by policy.
    """

    trace: str
    kind: str
    lead: int
    ledgers: Mapping[str, Ledger]
    _chosen: dict[tuple[str, float], tuple[int, bool]] = field(default_factory=dict)

    @cached_property
    def halves(self) -> Mapping[str, tuple[Ledger, Ledger]]:
        """Days that choose and days that judge, by policy."""
        return {name: ledger.halves() for name, ledger in self.ledgers.items()}

    def row(self, policy: str, budget: float) -> tuple[int, bool]:
        """The setting that the first half chooses, and whether it kept the budget there; else the safest."""
        if (policy, budget) not in self._chosen:
            first = self.halves[policy][0]
            row = choose(first, budget)
            self._chosen[policy, budget] = (safest(first), False) if row is None else (row, True)
        return self._chosen[policy, budget]

    def best_of(self, policies: Sequence[str], budget: float) -> str:
        """The policy that the first half would choose: the cheapest of those that keep the budget there."""
        return min(policies, key=lambda name: (not self.row(name, budget)[1], self._first_cost(name, budget)))

    def gated(self, policies: Sequence[str], plain: str, budget: float) -> str:
        """The best of some policies if it is surely cheaper than the plain one on the first half, else that one.

        Surely: the 90 % interval of what it saves, over draws of the same days for both, is above 0.
        """
        best = self.best_of((*policies, plain), budget)
        ours, theirs = self.row(best, budget), self.row(plain, budget)
        if best == plain or (ours[1] and not theirs[1]):
            return best
        saved = saving(self.halves[best][0], ours[0], self.halves[plain][0], theirs[0], seed=0)
        return best if saved.low > 0 else plain

    def missed(self, policy: str, budget: float) -> float:
        """Share of violation minutes on the second half, at the setting of the first."""
        return float(self.halves[policy][1].violations()[self.row(policy, budget)[0]])

    def _first_cost(self, policy: str, budget: float) -> float:
        return float(self.halves[policy][0].cost()[self.row(policy, budget)[0]])

    def cost(self, policy: str, budget: float) -> float:
        """Over the oracle's, on the second half, at the setting of the first."""
        return float(self.halves[policy][1].cost()[self.row(policy, budget)[0]])

    def in_hindsight(self, policy: str, budget: float) -> tuple[float, bool]:
        """Cost of the cheapest setting on the very days that judge it, and whether one keeps the budget there."""
        second = self.halves[policy][1]
        row = cheapest_within(second, budget)
        return float(second.cost()[safest(second) if row is None else row]), row is not None

    def held(self, policy: str, budget: float) -> bool:
        """Whether the second half kept the budget at the setting of the first."""
        return bool(self.halves[policy][1].violations()[self.row(policy, budget)[0]] <= budget)


@dataclass(frozen=True)
class OneSetting:
    """A policy at one setting for all cases, chosen on their first halves and judged on the second.

    Attributes:
        cost: geometric mean over the oracle's.
        violations: mean share of violation minutes.
    """

    policy: str
    row: int
    cost: float
    violations: float


def one_setting(cases: Sequence[Case], policies: Iterable[str], budget: float) -> OneSetting | None:
    """The cheapest on the first halves of some policies, each at one setting; ``None`` if none keeps the budget."""
    found: list[tuple[float, OneSetting]] = []
    for name in policies:
        firsts = [case.halves[name][0] for case in cases]
        row = one_for_all(firsts, budget)
        if row is not None:
            seconds = [case.halves[name][1] for case in cases]
            cost = geometric_mean([float(each.cost()[row]) for each in seconds])
            missed = float(np.mean([each.violations()[row] for each in seconds]))
            first_cost = geometric_mean([float(each.cost()[row]) for each in firsts])
            found.append((first_cost, OneSetting(name, row, cost, missed)))
    return min(found, key=lambda each: each[0])[1] if found else None


def goals(cases: Sequence[Case]) -> list[Figure]:
    """The figures that have goals, and beside them what one must know to read them."""
    short = [case for case in cases if (case.kind, case.lead) in {("web", lead) for lead in SHORT}]
    long = [case for case in cases if (case.kind, case.lead) in {("web", lead) for lead in LONG}]
    gpu = [case for case in cases if case.kind == "gpu"]
    held = [case.held(HELD, 0.01) for case in cases]
    return [
        Figure("budget_held_share", float(np.mean(held)), f"share of {len(held)}", goal=0.9, direction=">="),
        Figure(
            "budget_held_share_target_tracking",
            float(np.mean([case.held(TARGET_TRACKING, 0.01) for case in cases])),
            f"share of {len(held)}",
        ),
        *_gap("web_060", short, 0.006, 0.45),
        *_cost("web_050", short, ROLLING, 0.005, 1.28),
        *_terraform_only(short),
        *_gap("lead30", long, 0.006, 0.60),
        *_gpu(gpu),
    ]


def _gap(name: str, cases: Sequence[Case], budget: float, goal: float) -> list[Figure]:
    ours, theirs = one_setting(cases, ROLLING, budget), one_setting(cases, [TARGET_TRACKING], budget)
    closed = None if ours is None or theirs is None else gap_closed(ours.cost, theirs.cost)
    return [
        Figure(f"gap_closed_{name}", closed, "share", goal=goal, direction=">="),
        _violations(f"gap_closed_{name}", ours, budget),
    ]


def _cost(name: str, cases: Sequence[Case], policies: Sequence[str], budget: float, goal: float) -> list[Figure]:
    ours = one_setting(cases, policies, budget)
    return [
        Figure(f"cost_{name}", None if ours is None else ours.cost, "× oracle", goal=goal, direction="<="),
        _violations(f"cost_{name}", ours, budget),
    ]


def _violations(name: str, ours: OneSetting | None, budget: float) -> Figure:
    """A cost at a budget counts only where the budget was kept on the days that judge."""
    return Figure(f"{name}_violations", None if ours is None else ours.violations, "share", goal=budget, direction="<=")


def _terraform_only(cases: Sequence[Case]) -> list[Figure]:
    """Each trace at its own setting, behind the gate: the schedule by hand, unless a plan is surely cheaper."""
    budget = 0.01
    chosen = [(case, case.gated(DAILY, SCHEDULE, budget)) for case in cases]
    ratios = [case.cost(ours, budget) / case.cost(SCHEDULE, budget) for case, ours in chosen]
    one = one_setting(cases, DAILY, budget)
    cost = geometric_mean([case.cost(ours, budget) for case, ours in chosen])
    missed = float(np.mean([case.missed(ours, budget) for case, ours in chosen])) if chosen else None
    name = "cost_terraform_only_100"
    return [
        Figure(name, cost if chosen else None, "× oracle", goal=1.35, direction="<="),
        Figure(f"{name}_violations", missed, "share", goal=budget, direction="<="),
        Figure(f"{name}_one_setting", None if one is None else one.cost, "× oracle"),
        Figure(f"{name}_one_setting_violations", None if one is None else one.violations, "share"),
        Figure("terraform_only_over_schedule", geometric_mean(ratios), "ratio", goal=1.0, direction="<="),
        Figure("terraform_only_over_schedule_worst", max(ratios, default=None), "ratio", goal=1.0, direction="<="),
    ]


def _gpu(cases: Sequence[Case]) -> list[Figure]:
    """Against target tracking at each budget; what is used may be target tracking, if the first half says so."""

    def over(policies: Sequence[str], reduce: Callable[[list[float]], float]) -> float | None:
        by_budget = []
        for budget in BUDGETS:
            chosen = [(case, case.best_of(policies, budget)) for case in cases]
            by_budget.append(
                reduce([case.cost(ours, budget) / case.cost(TARGET_TRACKING, budget) for case, ours in chosen])
            )
        return max(by_budget, default=None)

    used = (TARGET_TRACKING, *ROLLING)
    return [
        Figure("gpu_cost_over_tt", over(used, geometric_mean) if cases else None, "ratio", goal=1.0, direction="<="),
        Figure("gpu_cost_over_tt_worst", over(used, max) if cases else None, "ratio"),
    ]


def matrix_figures(cases: Sequence[Case]) -> list[Figure]:
    """Cost of every policy at every budget, ``cost/GROUP/WAY/BUDGET/POLICY``.

    The ways: one setting for all, each its own, and in hindsight, which is what a knob could give and no more.
    """
    figures = []
    for group, (kind, leads) in GROUPS.items():
        chosen = [case for case in cases if case.kind == kind and case.lead in leads]
        for name in chosen[0].ledgers if chosen else ():
            for budget in SHOWN_BUDGETS:
                one = one_setting(chosen, [name], budget)
                missed = "none keeps it" if one is None else f"× oracle, {one.violations:.2%} missed"
                own = geometric_mean([case.cost(name, budget) for case in chosen])
                held = f"× oracle, held in {sum(case.held(name, budget) for case in chosen)} of {len(chosen)}"
                known = [case.in_hindsight(name, budget) for case in chosen]
                least = geometric_mean([cost for cost, _ in known])
                kept = f"× oracle, kept in {sum(fits for _, fits in known)} of {len(chosen)}"
                place = f"{budget:g}/{name}"
                figures.append(Figure(f"cost/{group}/one setting/{place}", None if one is None else one.cost, missed))
                figures.append(Figure(f"cost/{group}/own setting/{place}", own, held))
                figures.append(Figure(f"cost/{group}/in hindsight/{place}", least, kept))
    return figures


def tables(figures: Sequence[Figure]) -> tuple[list[Figure], str]:
    """The figures that stand alone, and the others as one table per group and way: policy by budget."""
    alone = [figure for figure in figures if not figure.name.startswith("cost/")]
    cells: dict[tuple[str, str], dict[str, dict[str, Figure]]] = {}
    for figure in figures:
        if figure.name.startswith("cost/"):
            _, group, way, budget, policy = figure.name.split("/", 4)
            cells.setdefault((group, way), {}).setdefault(policy, {})[budget] = figure
    budgets = [f"{budget:g}" for budget in SHOWN_BUDGETS]
    head = (
        "| policy | " + " | ".join(f"≤ {float(budget):.1%}" for budget in budgets) + " |\n|---|" + "---|" * len(budgets)
    )
    parts = []
    for (group, way), rows in cells.items():
        lines = [f"| {policy} | " + " | ".join(_cell(row[b]) for b in budgets) + " |" for policy, row in rows.items()]
        parts.append("\n".join([f"{group}, {way}", "", head, *lines]))
    return alone, "\n\n".join(parts)


def _cell(figure: Figure) -> str:
    """Cost with what was missed or held in brackets; a dash where no setting keeps the budget."""
    if figure.value is None:
        return "—"
    return f"{figure.value:.3f} ({figure.unit.removeprefix('× oracle, ')})"
