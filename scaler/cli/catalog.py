"""``scaler catalog``: instance types with hardware and prices, each with the day it is of."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scaler.cli.options import DEFAULT_CONFIG, OfflineOption, QuietOption

if TYPE_CHECKING:
    from scaler.catalog.interface import Catalogue, Entry, FigureStore
    from scaler.catalog.selection import Selection
    from scaler.config import Workload
    from scaler.errors import UsageError
    from scaler.pipeline import Runtime
    from scaler.preflight.interface import RegionFigures


class CatalogFormat(StrEnum):
    """How the catalogue is printed."""

    table = "table"
    json = "json"
    csv = "csv"


class CatalogSort(StrEnum):
    """What the catalogue is sorted by; unknown comes last."""

    price = "price"
    spot = "spot"
    vcpu = "vcpu"
    memory = "memory"
    gpu = "gpu"
    name = "name"


def catalog(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The configuration; its store keeps what is read.")
    ] = None,
    gpu: Annotated[str | None, typer.Option("--gpu", metavar="NAME[:COUNT]", help="With this GPU, e.g. L4:1.")] = None,
    min_memory: Annotated[float, typer.Option("--min-memory", min=0, metavar="GIB", help="At least this memory.")] = 0,
    min_vcpu: Annotated[int, typer.Option("--min-vcpu", min=0, help="At least so many vCPUs.")] = 0,
    region: Annotated[
        str | None, typer.Option("--region", help="AWS region; the configuration's or botocore's if not given.")
    ] = None,
    sort: Annotated[CatalogSort, typer.Option("--sort", help="What comes first; unknown comes last.")] = (
        CatalogSort.price
    ),
    commitments: Annotated[
        bool,
        typer.Option(
            "--commitments", help="Rates of savings plans, reservations and Capacity Blocks, and what is held, instead."
        ),
    ] = False,
    quotas: Annotated[
        bool, typer.Option("--quotas", help="vCPU quotas by family, and how much of them runs, instead.")
    ] = False,
    output_format: Annotated[CatalogFormat, typer.Option("--format", help="What is printed.")] = CatalogFormat.table,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
) -> None:
    """Print instance types with hardware, prices and interruption bands, each with its date.

    Asks AWS about the types that are shown, and keeps the answers in the store. With --offline it prints what the store
    has, or the dated catalogue that ships with scaler. What is unknown is shown as —.
    """
    from scaler.catalog.known import known_catalogue
    from scaler.catalog.selection import Selection, parse_gpu, select
    from scaler.cli.run import open_runtime

    name, count = (None, None) if gpu is None else parse_gpu(gpu)
    selection = Selection(name, count, min_memory, min_vcpu)
    runtime = open_runtime(offline=offline, quiet=quiet)
    store, chosen_region, configured = _place(config, region, runtime)
    if quotas:
        vcpus = {name: each.hardware.vcpus for name, each in known_catalogue(store, chosen_region).entries.items()}
        _show_quotas(_quotas(store, chosen_region, runtime), vcpus, output_format)
        return
    catalogue = _catalogue(store, chosen_region, selection, runtime, configured=configured, commitments=commitments)
    _show(catalogue, select(catalogue, selection, sort.value), output_format, commitments=commitments)
    for note in catalogue.notes:
        runtime.progress(note)


def _place(
    config: Path | None, region: str | None, runtime: Runtime
) -> tuple[FigureStore | None, str | None, frozenset[str]]:
    """The store of the configuration, if there is one, the region in effect, and the types that are configured in it.

    Raises:
        UnknownName: there is no such region.
    """
    from scaler.catalog.known import check_region, ec2_types
    from scaler.config.reader import load_config
    from scaler.mix.facts import StoredFigures
    from scaler.pipeline import open_store

    store, configured = None, None
    workloads: tuple[Workload, ...] = ()
    if config is not None or DEFAULT_CONFIG.is_file():
        project = load_config(config or DEFAULT_CONFIG)
        store, configured = StoredFigures(open_store(project, runtime)), project.config.defaults.region
        workloads = project.workloads()
    chosen = region or runtime.aws.region(configured)
    if chosen is not None:
        check_region(chosen, key="--region" if region else "region")
    mine = (each for each in workloads if runtime.aws.region(each.region) == chosen)
    return store, chosen, frozenset(name for each in mine for name in ec2_types(each))


def _quotas(store: FigureStore | None, region: str | None, runtime: Runtime) -> RegionFigures:
    """Quotas and what runs: asked, or with --offline what an earlier run kept.

    Raises:
        UsageError: no region.
    """
    from scaler.aws.session import impatient
    from scaler.preflight.asking import ask_region
    from scaler.preflight.cache import over, read_figures, write_figures
    from scaler.preflight.interface import RegionFigures

    if region is None:
        raise _no_region()
    known = RegionFigures(region) if store is None else read_figures(store, region)
    if runtime.offline:
        return known
    runtime.progress(f"reading the quotas of {region}")
    now = runtime.clock().replace(microsecond=0)
    found = over(ask_region(impatient(runtime.aws), region, groups=(), types=(), scores=(), now=now), known)
    if store is not None:
        write_figures(store, found)
    return found


def _show_quotas(figures: RegionFigures, vcpus: dict[str, int], output_format: CatalogFormat) -> None:
    from scaler.cli.quota_table import as_csv, as_json, render

    if output_format is CatalogFormat.json:
        typer.echo(as_json(figures, vcpus))
    elif output_format is CatalogFormat.csv:
        typer.echo(as_csv(figures, vcpus), nl=False)
    else:
        from rich.console import Console

        console = Console(highlight=False)
        console.width = max(104, console.width)
        console.print(render(figures, vcpus))


def _no_region() -> UsageError:
    from scaler.errors import UsageError

    return UsageError(
        "no region to ask about",
        why="prices, offerings and quotas differ by region, and neither --region nor AWS names one",
        next_step="add --region us-east-1, or --offline for the catalogue that ships with scaler",
    )


def _catalogue(
    store: FigureStore | None,
    region: str | None,
    selection: Selection,
    runtime: Runtime,
    *,
    configured: frozenset[str],
    commitments: bool,
) -> Catalogue:
    from scaler.catalog.cache import write_cached
    from scaler.catalog.known import known_catalogue
    from scaler.catalog.refresh import refresh
    from scaler.catalog.starter import REGION
    from scaler.catalog.wanted import wanted_types

    if runtime.offline:
        # The starter is of one region; without another it is the one that is meant.
        return known_catalogue(store, region or REGION)
    if region is None:
        raise _no_region()
    known = known_catalogue(store, region)
    today = runtime.clock().date()
    if selection.gpu is not None:
        runtime.progress(f"reading the types of {region}")
    names = wanted_types(known, selection, runtime.aws, today=today, configured=configured)
    catalogue = refresh(
        known, runtime.aws, names, now=runtime.clock(), commitments=commitments, progress=runtime.progress
    )
    if store is not None:
        write_cached(store, catalogue)
    return catalogue


def _show(catalogue: Catalogue, entries: tuple[Entry, ...], output_format: CatalogFormat, *, commitments: bool) -> None:
    from scaler.cli.catalog_table import WIDTH, as_csv, as_json, rates_as_csv, render
    from scaler.cli.commitment_lines import rate_table

    if output_format is CatalogFormat.json:
        typer.echo(as_json(catalogue, entries))
    elif output_format is CatalogFormat.csv:
        typer.echo(rates_as_csv(entries) if commitments else as_csv(entries), nl=False)
    else:
        from rich.console import Console

        console = Console(highlight=False)
        console.width = max(WIDTH, console.width)
        console.print(rate_table(catalogue, entries) if commitments else render(catalogue, entries))
