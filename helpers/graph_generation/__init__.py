"""Notebook 06: LLM4GraphGen (arXiv 2403.14358).

Reserved: this chapter is not written yet.
"""
