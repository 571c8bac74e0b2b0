"""Notebook 05: AdapT sampling (arXiv 2309.02772).

Reserved: this chapter is not written yet.
"""
