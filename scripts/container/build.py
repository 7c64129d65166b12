"""The command line of ``scripts/build-image``."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import which

from scripts.container.tree import Layer, installed, measured, table
from scripts.container.zipped import MOST_BYTES, build_zip

ROOT = Path(__file__).parents[2]
#: In the order in which they are looked for.
ENGINES = ("docker", "podman", "buildah")
PINNED = re.compile(r".+@sha256:[0-9a-f]{64}")


class CannotBuild(Exception):
    """What is missing, in one line."""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say; returns the exit code."""
    options = arguments().parse_args(argv)
    try:
        if options.sizes:
            layers = installed(Path(options.into) if options.into else None)
            print(json.dumps({layer.name: layer.size for layer in layers}) if options.json else table(layers))
        elif options.zip:
            size = build_zip(Path(options.zip))
            print(f"{options.zip}: {size.packed / 1e6:.1f} MB, unzipped {size.unpacked / 1e6:.1f} MB "
                  f"of at most {MOST_BYTES / 1e6:.0f} MB")  # fmt: skip
        else:
            layers = build(options)
            print(table(layers))
            if options.push:
                run([engine(options.engine), "push", options.tag])
    except CannotBuild as error:
        print(f"build-image: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"build-image: {error.cmd[0]} ended with {error.returncode}", file=sys.stderr)
        return 1
    return 0


def arguments() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="scripts/build-image", description="Build the container image, or measure.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--sizes", action="store_true", help="without an engine: install into a folder, and measure")
    what.add_argument("--zip", metavar="FILE", help="the zip of what scaler apply needs, for Lambda")
    parser.add_argument("--base", help="base image with Python 3.11 or newer, by digest: NAME@sha256:…")
    parser.add_argument("--tag", default="scaler:latest", help="name of the image")
    parser.add_argument("--platform", help="such as linux/arm64")
    parser.add_argument("--push", action="store_true", help="push it when it is built")
    parser.add_argument("--engine", choices=ENGINES, help="instead of the first that works")
    parser.add_argument("--pip-config", metavar="FILE", help="pip's settings, seen by the build only")
    parser.add_argument("--into", metavar="DIR", help="where --sizes installs; a temporary folder if not given")
    parser.add_argument("--json", action="store_true", help="--sizes as one object, in bytes")
    parser.add_argument("more", nargs="*", metavar="-- ARGUMENT", help="passed on to the engine's build")
    return parser


def build(options: argparse.Namespace) -> list[Layer]:
    """Build the image; returns what is in it.

    Raises:
        CannotBuild: no engine works, or the base is not pinned.
    """
    if not options.base or not PINNED.fullmatch(options.base):
        raise CannotBuild(
            f"--base {options.base or '…'} is not pinned: name it by digest, as in python:3.12-slim-bookworm@sha256:…; "
            "docker buildx imagetools inspect python:3.12-slim-bookworm shows it"
        )
    chosen = engine(options.engine)
    command = [chosen, "build", "--tag", options.tag, "--build-arg", f"BASE={options.base}"]
    command += ["--platform", options.platform] if options.platform else []
    command += ["--secret", f"id=pip,src={options.pip_config}"] if options.pip_config else []
    run([*command, *options.more, "--file", "Dockerfile", "."])
    return layers_of(chosen, options.tag)


def engine(wanted: str | None) -> str:
    """The engine that was asked for, or the first that answers.

    Raises:
        CannotBuild: there is none.
    """
    for name in (wanted,) if wanted else ENGINES:
        if which(name) and subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0:
            return name
    raise CannotBuild(
        f"{wanted or 'no container engine'} does not answer: start docker, or install podman or buildah; "
        "scripts/build-image --sizes measures without one"
    )


def layers_of(chosen: str, tag: str) -> list[Layer]:
    """What is in an image, as it measures itself."""
    code = (ROOT / "scripts/container/measure.py").read_text()
    command = ["python", "-c", code]
    if chosen == "buildah":
        made = subprocess.run([chosen, "from", tag], capture_output=True, text=True, check=True).stdout.strip()
        try:
            said = subprocess.run([chosen, "run", made, "--", *command], capture_output=True, text=True, check=True)
        finally:
            subprocess.run([chosen, "rm", made], capture_output=True, check=False)
    else:
        said = subprocess.run(
            [chosen, "run", "--rm", "--entrypoint", command[0], tag, *command[1:]],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    return measured(json.loads(said.stdout))


def run(command: Sequence[str]) -> None:
    """Run it where the user sees it."""
    print("+ " + " ".join(command), file=sys.stderr)
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "BUILDAH_FORMAT": "docker"})


if __name__ == "__main__":
    sys.exit(main())
