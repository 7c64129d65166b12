"""Discovery: what runs in an account, and a configuration made from it."""
