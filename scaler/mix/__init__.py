"""Mix: which offerings carry the requirement."""
