"""What is installed, layer by layer: in an image, or in a folder as the image would have it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from runpy import run_path
from shutil import copytree, ignore_patterns
from typing import Any

from scripts.supply import locked

ROOT = Path(__file__).parents[2]
#: Terraform is not in the image, nor is what drives it.
LEFT_OUT = frozenset({"python-terraform"})
#: Packages that a table names.
LARGEST = 8


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        size: bytes of its files; ``None`` if it is not there to be measured.
        largest: its largest packages, in bytes.
    """

    name: str
    size: int | None
    largest: tuple[tuple[str, int], ...] = ()


def measured(said: Mapping[str, Any]) -> list[Layer]:
    """Layers from what ``measure.py`` prints."""
    largest = tuple(sorted(said["largest"].items(), key=lambda each: -each[1])[:LARGEST])
    return [Layer(name, size, largest if name == "dependencies" else ()) for name, size in said["parts"].items()]


def installed(into: Path | None) -> list[Layer]:
    """Install as the Dockerfile does, into a folder, and measure."""
    with ExitStack() as stack:
        folder = into or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scaler-image-")))
        site, app = folder / "site-packages", folder / "app"
        lock = folder / "runtime.lock"
        folder.mkdir(parents=True, exist_ok=True)
        lock.write_text(wanted(locked.direct(pyproject(), ["lambda"])))
        install(
            ["--require-hashes", "--only-binary", ":all:", "--no-binary", "python-terraform", "-r", str(lock)], site
        )
        copied(app)
        trim(site)
        below = run_path(str(ROOT / "scripts/container/measure.py"))["below"]
        packages = {path.name: below(str(path)) for path in site.iterdir() if path.is_dir()}
        parts = {"base": None, "dependencies": below(str(site)), "scaler": below(str(app))}
        return measured({"parts": parts, "largest": packages})


def wanted(names: frozenset[str]) -> str:
    """The part of the lock with these packages and all that they need."""
    entries = locked.entries((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    return "".join(entry.text for entry in locked.needed(entries, names))


def pyproject() -> dict[str, Any]:
    """What ``[project]`` says."""
    import tomllib

    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def install(what: list[str], target: Path) -> None:
    """Install into a folder, by pip."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), *what]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def copied(target: Path, *, modules: bool = True) -> None:
    """Copy scaler itself; it is Python alone, and needs no build.

    Args:
        modules: the Terraform modules, too.
    """
    left_out = ignore_patterns("__pycache__", ".terraform", "*.tfstate*", "*.tfvars.json", ".terraform.lock.hcl")
    copytree(ROOT / "scaler", target / "scaler", ignore=left_out)
    if modules:
        copytree(ROOT / "terraform", target / "scaler/_bundled/terraform", ignore=left_out)


def trim(site: Path) -> None:
    """As the Dockerfile does."""
    subprocess.run([sys.executable, str(ROOT / "image/trim.py"), str(site)], check=True, stdout=subprocess.DEVNULL)


def table(layers: list[Layer]) -> str:
    """For people."""
    lines = ["layer              MB", "─────────────────────"]
    for layer in layers:
        size = "—" if layer.size is None else f"{layer.size / 1e6:.1f}"
        lines.append(f"{layer.name:<14} {size:>6}")
        lines += [f"  {name:<12} {size / 1e6:>6.1f}" for name, size in layer.largest]
    known = [layer.size for layer in layers if layer.size is not None]
    lines.append(f"{'in all':<14} {sum(known) / 1e6:>6.1f}")
    return "\n".join(lines)
