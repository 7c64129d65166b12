"""The demo's folder: a configuration that reads CloudWatch, and a Terraform root to apply."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from scaler.errors import UsageError

CONFIGURATION = """\
# Written by `scaler demo`. With your own metric names and groups this is all that scaler needs.
version: 1

defaults:
  region: us-east-1
  horizon: 48h
  risk: {service_level: 0.99}
  prices:                       # USD per hour; illustrative, with the day they were set
    as_of: 2026-11-01
    usd_per_hour:
      m7i.large: {on_demand: 0.1008, spot: 0.0412}
      m7i.xlarge: {on_demand: 0.2016, spot: 0.0831}
      c7i.large: {on_demand: 0.0893, spot: 0.0378}
      g6.xlarge: {on_demand: 0.8048, spot: 0.3310}

workloads:
  storefront:                   # a web shop: requests, day and week pattern
    target: {asg: storefront}
    load:
      cloudwatch:
        namespace: AWS/ApplicationELB
        metric: RequestCount
        statistic: Sum
        period: 15m
        dimensions: {LoadBalancer: app/storefront/0123456789abcdef}
    capacity:
      throughput: {m7i.large: 180/s, m7i.xlarge: 360/s}
      lead_time: 4m
    limits: {min: 4, max: 60}
    spot: {max_share: 60%, on_demand_base: 4}

  thumbnails:                   # a queue of jobs: a nightly batch and bursts
    target: {asg: thumbnails}
    load:
      cloudwatch:
        namespace: Demo/Thumbnails
        metric: JobsSubmitted
        statistic: Sum
        period: 15m
        dimensions: {Queue: thumbnails}
    capacity:
      throughput: {c7i.large: 4/s}
      lead_time: 3m
    limits: {min: 1, max: 40}
    spot: {max_share: 90%, on_demand_base: 1}
    risk: {shortage_cost: 0.60}

  assistant-gpu:                # model serving: GPU utilisation over the instances that served
    target: {asg: assistant-gpu}
    load:
      cloudwatch:
        namespace: Demo/Assistant
        metric: GPUUtilization
        statistic: Average
        period: 15m
        dimensions: {AutoScalingGroupName: assistant-gpu}
    capacity:
      utilisation:
        target: 70%
        instances:
          cloudwatch:
            namespace: AWS/AutoScaling
            metric: GroupInServiceInstances
            statistic: Average
            period: 15m
            dimensions: {AutoScalingGroupName: assistant-gpu}
      weights: {g6.xlarge: 1}
      lead_time: 12m
    limits: {min: 2, max: 24}

outputs:
  tfvars: scaler.auto.tfvars.json
"""

_MARK = "# Written by `scaler demo`."


def write_project(folder: Path) -> Path:
    """Write the demo's configuration into ``folder``, which is made; returns the configuration's path.

    Raises:
        UsageError: the folder holds something that no demo wrote.
    """
    path = folder / "scaler.yaml"
    occupied = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if occupied and not (path.is_file() and path.read_text(encoding="utf-8").startswith(_MARK)):
        raise UsageError(
            f"{folder} is not empty",
            why="the demo writes into a folder of its own and leaves other files alone",
            next_step="name a new folder with --dir",
        )
    shutil.rmtree(folder / "forecasts", ignore_errors=True)  # the history of an earlier demo is another history
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(CONFIGURATION, encoding="utf-8")
    return path


def copy_terraform(destination: Path) -> Path:
    """Copy the modules and examples that ride with the package; returns the example's root."""
    shutil.copytree(
        bundled_terraform(),
        destination,
        ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.auto.tfvars.json", "tests"),
    )
    return destination / "examples" / "asg"


def bundled_terraform() -> Path:
    """The Terraform modules: in the installed package, or beside it in a checkout."""
    package = Path(str(resources.files("scaler")))
    installed = package / "_bundled" / "terraform"
    return installed if installed.is_dir() else package.parent / "terraform"
