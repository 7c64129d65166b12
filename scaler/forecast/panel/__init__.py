"""The panel engine: all workloads of a fleet in a few linear solves."""
