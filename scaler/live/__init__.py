"""Live state: what runs now."""
