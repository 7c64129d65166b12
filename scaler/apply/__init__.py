"""Apply: the only code that writes to AWS."""
