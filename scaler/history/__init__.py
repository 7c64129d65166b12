"""History: clean demand on a regular UTC grid, and the archive behind it."""
