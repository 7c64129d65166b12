"""Servers that keep a waiting-time objective: Erlang C, with the Allen–Cunneen correction for variability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-9


def erlang_c(servers: NDArray[np.float64], offered: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability that a request of an M/M/c queue has to wait; 1 where the servers do not suffice.

    By the incomplete gamma function, as ``B(c, a)`` is a Poisson probability over its distribution function:
    exact, and as quick for 100,000 servers as for one (the usual recursion takes as many steps as servers).

    Args:
        servers: c ≥ 1.
        offered: a = λ/μ ≥ 0, busy servers on average. Both of one shape, or of shapes that broadcast.
    """
    from scipy.special import gammaincc, gammaln

    stable = np.asarray(offered < servers)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_poisson = servers * np.log(offered) - offered - gammaln(servers + 1)
        blocked = np.exp(log_poisson) / gammaincc(servers + 1, offered)
        waits = blocked / (1 - offered / servers * (1 - blocked))
    result: NDArray[np.float64] = np.where(stable, np.where(offered > 0, waits, 0.0), 1.0)
    return result


def wait_exceeded(
    servers: NDArray[np.float64], offered: NDArray[np.float64], *, limit: float, variability: float
) -> NDArray[np.float64]:
    """Probability that a request waits longer than ``limit``, which is in service times.

    ``C(c, a) · exp(−(c − a) · limit / v)`` with ``v = (ca² + cs²) / 2``, the mean of the squared coefficients of
    variation of arrivals and service (Allen 1990; exact for M/M/c, where v is 1).
    """
    tail = np.exp(-np.maximum(servers - offered, 0.0) * limit / max(variability, 1e-9))
    result: NDArray[np.float64] = np.where(offered < servers, erlang_c(servers, offered) * tail, 1.0)
    return result


@dataclass(frozen=True)
class QueueResource:
    """Requests that must not wait.

    Attributes:
        servers_per_unit: requests that one capacity unit works on at once.
        service_seconds: mean service time.
        max_wait_seconds, share: at least this share waits no longer.
        variability: v of :func:`wait_exceeded`.
        max_utilisation: of the servers; kept however short the queue.
    """

    servers_per_unit: float
    service_seconds: float
    max_wait_seconds: float
    share: float
    variability: float
    max_utilisation: float
    source: str

    def units(self, demand: NDArray[np.float64]) -> NDArray[np.int64]:
        """Capacity units for each arrival rate, in requests per second."""
        servers = self.servers(np.asarray(demand, dtype=np.float64))
        return np.ceil(servers / self.servers_per_unit - _ROUNDING).astype(np.int64)

    def servers(self, demand: NDArray[np.float64]) -> NDArray[np.int64]:
        """Fewest servers that keep objective and ceiling, shape of ``demand``; none for no demand.

        Bisection: waiting falls with every server.
        """
        offered = demand * self.service_seconds
        low = np.ceil(offered / self.max_utilisation - _ROUNDING)
        low = np.maximum(low, np.where(offered > 0, 1.0, 0.0))
        step = np.ones_like(low)
        high = low.copy()
        while (short := self._falls_short(high, offered)).any():
            high = np.where(short, high + step, high)
            step = np.where(short, step * 2, step)
        while (low < high).any():
            middle = np.floor((low + high) / 2)
            short = self._falls_short(middle, offered)
            low, high = np.where(short, middle + 1, low), np.where(short, high, middle)
        return low.astype(np.int64)

    def _falls_short(self, servers: NDArray[np.float64], offered: NDArray[np.float64]) -> NDArray[np.bool_]:
        limit = self.max_wait_seconds / self.service_seconds
        late = wait_exceeded(np.maximum(servers, 1.0), offered, limit=limit, variability=self.variability)
        result: NDArray[np.bool_] = (offered > 0) & ((servers <= offered) | (late > 1 - self.share))
        return result
