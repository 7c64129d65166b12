"""Catalogue: what instance types there are, what they hold, and what they cost, each figure with its date."""
