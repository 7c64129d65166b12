"""Sizing for a waiting-time objective, against a simulation that knows no formula."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scaler.capacity.queueing import QueueResource, erlang_c
from scaler.capacity.unit import unit_capacity
from scaler.config import CapacityConfig


def simulate(rate, service_seconds, servers, *, requests, seed, service_scv=1.0):
    """Waiting times of requests served in order of arrival by whichever server is free first."""
    random = np.random.default_rng(seed)
    arrivals = np.cumsum(random.exponential(1 / rate, requests))
    if service_scv == 1.0:
        services = random.exponential(service_seconds, requests)
    else:
        sigma = np.sqrt(np.log(1 + service_scv))
        services = random.lognormal(np.log(service_seconds) - sigma**2 / 2, sigma, requests)
    free = [0.0] * servers
    waits = np.empty(requests)
    for number, (arrival, service) in enumerate(zip(arrivals.tolist(), services.tolist(), strict=True)):
        begin = max(arrival, free[0])
        heapq.heapreplace(free, begin + service)
        waits[number] = begin - arrival
    return waits[requests // 10 :]  # the queue starts empty


def resource(**given):
    base = {
        "servers_per_unit": 1.0, "service_seconds": 0.1, "max_wait_seconds": 0.05, "share": 0.95,
        "variability": 1.0, "max_utilisation": 0.95, "source": "test",
    }  # fmt: skip
    return QueueResource(**(base | given))


def test_erlang_c_by_its_definition():
    """Against the recursion of Erlang B, which is the definition, from one server to thousands."""
    for offered, servers in ((0.5, 1), (1.8, 2), (50.0, 57), (500.0, 509), (5000.0, 5050)):
        blocked = 1.0
        for count in range(1, servers + 1):
            blocked = offered * blocked / (count + offered * blocked)
        expected = blocked / (1 - offered / servers * (1 - blocked))
        assert erlang_c(np.array([float(servers)]), np.array([offered]))[0] == pytest.approx(expected, rel=1e-9)


def test_one_server_waits_as_often_as_it_is_busy():
    """M/M/1: the probability of waiting is the utilisation; without demand nobody waits, without capacity all do."""
    offered = np.array([0.0, 0.3, 0.9, 1.0, 2.0])
    assert erlang_c(np.ones(5), offered) == pytest.approx([0, 0.3, 0.9, 1, 1])


@pytest.mark.parametrize(("rate", "seed"), [(8, 1), (80, 2), (400, 3)])
def test_the_objective_holds_in_simulation(rate, seed):
    """With the servers it says the objective holds; with one fewer it would not (M/M/c is exact)."""
    queue = resource()
    servers = int(queue.servers(np.array([float(rate)]))[0])
    late = np.mean(simulate(rate, 0.1, servers, requests=120_000, seed=seed) > 0.05)
    assert late <= 0.05 * 1.15
    if servers > rate * 0.1 / 0.95 + 1:  # the objective binds, not the ceiling
        fewer = np.mean(simulate(rate, 0.1, servers - 1, requests=120_000, seed=seed) > 0.05)
        assert fewer > 0.05 * 0.9


def test_variable_service_takes_more_servers_and_then_holds():
    """Lognormal service of variability 4: sized without it the objective fails, with it it holds."""
    plain, corrected = resource(share=0.99), resource(share=0.99, variability=(1 + 4) / 2)
    rate = 500.0
    few, enough = (int(each.servers(np.array([rate]))[0]) for each in (plain, corrected))
    assert enough > few
    waits = {
        servers: np.mean(simulate(rate, 0.1, servers, requests=200_000, seed=5, service_scv=4) > 0.05)
        for servers in (few, enough)
    }
    assert waits[few] > 0.01
    assert waits[enough] <= 0.01


def test_the_ceiling_is_kept_however_short_the_queue():
    """Large pools hardly wait at 98 %: the ceiling leaves room for what the forecast missed."""
    offered = np.array([50_000.0])
    assert resource(max_utilisation=0.8).servers(offered)[0] == 6250
    assert resource(max_utilisation=1.0).servers(offered)[0] < 5100


@settings(deadline=None)  # the first example imports SciPy
@given(
    st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1e6)), min_size=2, max_size=30),
    st.floats(0.01, 5), st.floats(0, 1), st.floats(0.5, 0.999), st.floats(0.1, 10),
)  # fmt: skip
def test_more_demand_never_needs_fewer_servers(demand, service, wait, share, variability):
    """Monotone in demand, none for none, and never above the ceiling."""
    queue = resource(service_seconds=service, max_wait_seconds=wait, share=share, variability=variability)
    rates = np.sort(np.asarray(demand))
    servers = queue.servers(rates)
    assert (np.diff(servers) >= 0).all()
    assert ((servers == 0) == (rates == 0)).all()
    assert (rates * service <= servers * 0.95 * (1 + 1e-6)).all()


def test_a_week_of_steps_is_sized_at_once():
    """All steps in one go: the same as one by one."""
    rates = np.random.default_rng(1).uniform(0, 5000, 672)
    together = resource().servers(rates)
    assert together.tolist() == [int(resource().servers(np.array([rate]))[0]) for rate in rates]


def test_a_queue_names_what_binds():
    """At low load the objective binds, at high load the ceiling; each says its figures."""
    unit = unit_capacity(
        CapacityConfig(queue={"servers": {"m7i.large": 1}, "service_seconds": 0.1, "max_wait_seconds": 0.01})
    )
    assert "queueing: 0.95 wait at most 0.01 s" in unit.binding(50.0)
    assert "ceiling 85%" in unit.binding(20_000.0)
    assert dict(unit.weights) == {"m7i.large": 1}
