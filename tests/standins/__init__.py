"""Servers that stand in for a service where the emulator is too lax or cannot fail on demand."""
