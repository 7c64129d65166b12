"""Forecast: quantiles of demand per step of the horizon."""
