"""Emit: plan to documents."""
