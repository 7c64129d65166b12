"""What is shipped: the part of the lock a user installs, the audit of it, and the bill of materials."""
