"""The demo: an emulated AWS with generated history."""
