"""Replay: what policies would have cost and missed on past demand."""
