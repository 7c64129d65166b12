"""Figures of a run as gauges: for Prometheus, and for CloudWatch in its embedded metric format."""
