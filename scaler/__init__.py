"""scaler: cloud capacity forecaster with Terraform integration."""

__version__ = "0.1.0"
