"""Capacity: quantiles of demand become capacity units."""
