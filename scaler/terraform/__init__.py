"""The Terraform (or OpenTofu) binary."""
