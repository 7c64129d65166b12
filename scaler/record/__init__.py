"""Record of every run: what it saw, what it decided, and enough to make it again."""
