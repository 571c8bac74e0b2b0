"""Notebook 04: LoRA Dropout (arXiv 2404.09610).

Reserved: this chapter is not written yet.
"""
