"""One thread for the linear algebra of the panel engine."""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def one_thread() -> AbstractContextManager[object]:
    """Hold BLAS to one thread.

    The products are small: more threads spend their time waiting for each other. And how many there are decides
    how sums are split, which would let the number of cores show in the last digits.
    """
    limits: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limits
