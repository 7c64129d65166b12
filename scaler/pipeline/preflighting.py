"""What would stop the plans at launch: figures from AWS and the store, and what the checks find in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from scaler.aws.session import impatient
from scaler.config import Project
from scaler.errors import ScalerError
from scaler.mix.facts import Facts, StoredFigures
from scaler.mix.interface import Mixer
from scaler.pipeline.runtime import Runtime, open_store
from scaler.plan.interface import WorkloadInputs
from scaler.preflight.asking import ask_region
from scaler.preflight.cache import over, read_figures, write_figures
from scaler.preflight.check import preflight
from scaler.preflight.interface import Bounds, Planned, RegionFigures
from scaler.preflight.market import score_question


def with_preflight(  # noqa: PLR0917 - one call
    inputs: Sequence[WorkloadInputs], facts: Facts, mixer: Mixer, project: Project, runtime: Runtime, as_of: datetime
) -> list[WorkloadInputs]:
    """The same with what the preflight finds.

    AWS is asked about regions of workloads whose live state AWS tells; of the others there is what the store has.
    """
    vcpus = {
        region: {name: entry.hardware.vcpus for name, entry in catalogue.entries.items()}
        for region, catalogue in facts.catalogues.items()
    }
    planned = {
        each.workload.name: Planned(each.workload, each.requirement, each.mix, vcpus[each.workload.region], each.live)
        for each in inputs
        if each.workload.target.facts.types == "ec2"
    }
    figures = {
        region: _figures(region, [p for p in planned.values() if p.workload.region == region], mixer, project, runtime)
        for region in {each.workload.region for each in planned.values()}
    }
    given = project.config.preflight
    bounds = Bounds(given.min_placement_score, given.max_cached_age, given.max_price_age)
    found = preflight(list(planned.values()), figures, mixer, now=runtime.clock(), as_of=as_of, bounds=bounds)
    return [replace(each, preflight=found.get(each.workload.name, ())) for each in inputs]


def _figures(
    region: str | None, planned: Sequence[Planned], mixer: Mixer, project: Project, runtime: Runtime
) -> RegionFigures:
    store = StoredFigures(open_store(project, runtime))
    name = runtime.aws.region(region)
    known = read_figures(store, name)
    asked = [p for p in planned if p.workload.live is None]
    if runtime.offline or not project.config.preflight.ask or not asked:
        return known
    runtime.progress(f"checking quotas and zones in {name or 'the default region'}")
    questions = {score_question(p, mixer) for p in asked if p.workload.target.kind == "asg"} - {None}
    new = ask_region(
        impatient(runtime.aws),
        region,
        groups=sorted({p.workload.target.name for p in asked if p.workload.target.kind == "asg"}),
        types=sorted({offering.instance_type for p in planned for offering in p.mix.offerings}),
        scores=sorted(question for question in questions if question is not None and len(question[0]) >= 3),
        now=runtime.clock().replace(microsecond=0),
    )
    merged = over(new, known)
    try:
        write_figures(store, merged)
    except ScalerError as error:
        runtime.progress(f"the figures were not kept for --offline: {error.what}")
    return merged
