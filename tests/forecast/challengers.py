"""Models for the tests; in a module of their own, as worker processes import them by name."""

# ruff: noqa: D102 - the port says what the methods do

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np


class Challenger:
    """A model that needs a day."""

    name = "challenger"

    def min_steps(self, step_seconds):
        return 86_400 // step_seconds

    def predict(self, values, *, start_epoch, step_seconds, horizon_steps, timezones):
        raise NotImplementedError


class DailyMean(Challenger):
    """Mean of each slot of the day over all days."""

    name = "daily_mean"

    def predict(self, values, *, start_epoch, step_seconds, horizon_steps, timezones):
        day = 86_400 // step_seconds
        whole = values[:, values.shape[1] % day :].reshape(values.shape[0], -1, day).mean(axis=1)
        return np.tile(whole, (1, horizon_steps // day + 1))[:, :horizon_steps]


class Line(Challenger):
    """A straight line through all of history."""

    name = "line"

    def predict(self, values, *, start_epoch, step_seconds, horizon_steps, timezones):
        step = np.arange(values.shape[1])
        slope, level = np.polyfit(step, values[0], 1)
        return (level + slope * (values.shape[1] + np.arange(horizon_steps)))[None, :]


class Spy(Challenger):
    """Repeats the sum of all it was shown."""

    name = "spy"

    def predict(self, values, *, start_epoch, step_seconds, horizon_steps, timezones):
        return np.full((values.shape[0], horizon_steps), values.sum())


class Raises(Challenger):
    """A model whose library fails."""

    name = "raises"

    def predict(self, values, **_):
        raise RuntimeError("the optimiser gave up\nwith many lines of detail")


class Missing(Challenger):
    """A model whose library is not installed."""

    name = "missing"

    def predict(self, values, **_):
        import a_library_that_is_not_installed  # noqa: F401


class Hangs(Challenger):
    """A model that never returns."""

    name = "hangs"

    def predict(self, values, **_):
        time.sleep(3_600)


class Dies(Challenger):
    """A model whose library ends the process."""

    name = "dies"

    def predict(self, values, **_):
        os._exit(9)


class NotFinite(Challenger):
    """A model that predicts nonsense."""

    name = "not_finite"

    def predict(self, values, *, horizon_steps, **_):
        return np.full((values.shape[0], horizon_steps), np.nan)


class Explodes(Challenger):
    """A model that runs off to infinity, almost."""

    name = "explodes"

    def predict(self, values, *, horizon_steps, **_):
        return np.full((values.shape[0], horizon_steps), 1e300)


def square(number):
    """A call that works, and prints where answers go."""
    print("noise on standard output")  # noqa: T201
    return number * number


def threads(_):
    """What the process was told about threads."""
    return os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]


def hang_with_child(path):
    """Start a program as Stan is one, say which, and wait for ever."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    with open(path, "w") as file:  # noqa: PTH123
        file.write(str(child.pid))
    time.sleep(3_600)


def maybe(what):
    """Do as told."""
    if what == "raise":
        raise ValueError("as told")
    if what == "die":
        os._exit(7)
    if what == "hang":
        time.sleep(3_600)
    if what == "unpicklable":
        return lambda: None
    return what
