"""Folder that goes first on ``PYTHONPATH`` under ``--offline``."""
