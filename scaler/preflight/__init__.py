"""Preflight: what would keep a plan from launching, found before it is applied."""
