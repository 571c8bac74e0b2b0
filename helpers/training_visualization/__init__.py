"""Notebook 03: DeepVisualInsight (arXiv 2201.01155, AAAI 2022).

Maps of a classifier's representations through its training. `recorder` makes a `trace`
of any torch classifier, `estimator.DVI` fits one map per checkpoint, `metrics` says how
far a map can be believed, `explorer` plays the film.
"""
