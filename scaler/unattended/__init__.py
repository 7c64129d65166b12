"""Runs that nobody watches: one event, one run, which can be given again, stops in time and is gone on with."""
