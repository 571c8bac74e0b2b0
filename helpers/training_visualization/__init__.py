"""Notebook 03: DeepVisualInsight (arXiv 2201.01155).

Reserved: this chapter is not written yet.
"""
