"""The version, apart from the package so that a stage can name it without importing the stages after it."""

__version__ = "0.1.0"
