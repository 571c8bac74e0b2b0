"""Notebook 02: SpotTune (arXiv 2012.03576).

Reserved: this chapter is not written yet.
"""
