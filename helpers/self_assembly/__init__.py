"""Notebook 01: Massive Self-Assembly in Grid Environments (arXiv 2102.05037)."""
