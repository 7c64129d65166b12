"""Measured availability from a file: aligned, or refused with the line."""

from __future__ import annotations

import pytest

from scaler.errors import ConfigurationError
from scaler.mix.availability import read_availability


def write(tmp_path, *rows, head="pool,ds,y"):
    path = tmp_path / "pools.csv"
    path.write_text("\n".join((head, *rows)) + "\n")
    return path


def test_pools_of_a_file_stand_side_by_side(tmp_path):
    """In any order of rows; from where all of them begin to where the first of them ends."""
    path = write(
        tmp_path,
        "a/z,2026-01-02T00:00:00Z,3",
        "a/z,2026-01-01T00:00:00Z,0",
        "b/z,2026-01-01T00:00:00Z,1",
        "b/z,2026-01-02T00:00:00+00:00,1",
    )
    history = read_availability(path)
    assert history.names == ("a/z", "b/z")
    assert history.minutes == 1441
    assert not history.open[:-1, 0].any()
    assert history.open[-1].all()
    assert history.open[:, 1].all()


@pytest.mark.parametrize(
    ("rows", "head", "why"),
    [
        (("a/z,2026-01-01T00:00:00Z,nan",), "pool,ds,y", "line 2"),
        (("a/z,2026-01-01T00:00:00Z,-1",), "pool,ds,y", "line 2"),
        (("a/z,yesterday,1",), "pool,ds,y", "line 2"),
        (("a/z,2026-01-01T00:00:00,1",), "pool,ds,y", "without its zone"),
        (("a/z,2026-01-01T00:00:00Z,1",), "pool,ds,y", "less than a day"),
        (("a/z,1",), "pool,y", "no column ds"),
        ((), "pool,ds,y", "needs samples"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, rows, head, why):
    """78 with the reason; nothing is guessed."""
    with pytest.raises(ConfigurationError) as caught:
        read_availability(write(tmp_path, *rows, head=head))
    assert why in caught.value.why


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """Measured availability that was asked for and is missing is no reason to go on without it."""
    with pytest.raises(ConfigurationError):
        read_availability(tmp_path / "none.csv")
