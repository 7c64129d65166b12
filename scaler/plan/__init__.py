"""Plan: schedule, comparison with the live state, cost, seal."""
