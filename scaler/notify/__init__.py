"""Notices: who is to know of a run is told what it did."""
