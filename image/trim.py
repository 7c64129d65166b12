"""Takes out of an installed tree what no run needs: the libraries' own tests, and sources for compilers.

What is taken out is named here, so that nothing else goes; a package that is not installed is no error.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

#: Packages whose folders called ``tests`` hold nothing but tests and their data.
TESTED = (
    "cmdstanpy", "contourpy", "formulaic", "holidays", "matplotlib", "numpy", "pandas", "patsy", "prophet", "pyarrow",
    "river", "scipy", "simplejson", "statsmodels", "threadpoolctl",
)  # fmt: skip
#: Headers, Cython sources, stubs of type checkers: for those who build against a library.
SOURCES = (
    "*.pyx",
    "*.pxd",
    "*.pxi",
    "*.pyx.tp",
    "*.h",
    "*.hpp",
    "*.c",
    "*.cc",
    "*.cpp",
    "*.f90",
    "*.pyi",
    "*.a",
    "*.lib",
)
#: Parts of single packages that nothing here imports. Prophet does without matplotlib, unless one wants its plots;
#: Arrow's own clients of S3 and Flight are not how scaler reads anything.
PARTS = (
    "pyarrow/include", "pyarrow/includes", "pyarrow/src", "pyarrow/libarrow_flight*", "pyarrow/_flight*",
    "pyarrow/libarrow_python_flight*", "pyarrow/libarrow_s3*", "pyarrow/_s3fs*", "numpy/_core/include", "matplotlib",
    "mpl_toolkits", "pylab.py", "fontTools", "PIL", "pillow.libs", "kiwisolver", "contourpy",
)  # fmt: skip
#: Of botocore's models of all services, those that scaler asks.
SERVICES = frozenset(
    {
        "application-autoscaling", "autoscaling", "cloudwatch", "ec2", "ecs", "elbv2", "lambda", "pricing", "s3",
        "sagemaker", "savingsplans", "service-quotas", "sns", "sso", "sso-oidc", "sts", "signin",
    }
)  # fmt: skip


def trim(tree: Path) -> int:
    """Remove it all below ``tree``; returns the bytes that were freed."""
    before = size(tree)
    for site in sorted({path.parent for path in tree.rglob("numpy") if path.is_dir() and path.parent.name != "numpy"}):
        for path in _superfluous(site):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    return before - size(tree)


def _superfluous(site: Path) -> Iterator[Path]:
    for package in TESTED:
        yield from (path for path in sorted((site / package).rglob("tests"), reverse=True) if path.is_dir())
    for pattern in SOURCES:
        yield from (path for path in sorted(site.rglob(pattern)) if path.is_file())
    for part in PARTS:
        yield from sorted(site.glob(part))
    models = site / "botocore" / "data"
    if models.is_dir():
        yield from (each for each in sorted(models.iterdir()) if each.is_dir() and each.name not in SERVICES)


def size(tree: Path) -> int:
    """Bytes of the files below ``tree``; links count as nothing."""
    return sum(path.stat().st_size for path in tree.rglob("*") if path.is_file() and not path.is_symlink())


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"trimmed {trim(Path(name)) / 1e6:.0f} MB off {name}, {size(Path(name)) / 1e6:.0f} MB left")
