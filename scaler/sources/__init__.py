"""Sources: pull load metrics."""
