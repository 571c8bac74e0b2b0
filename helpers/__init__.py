"""Reprise: six research papers, reproduced end to end in Jupyter notebooks."""

__version__ = "0.1.0"
