"""AWS at the boundary: clients, and what its errors are called here."""
