"""Notebook 07: the chapters composed through their public interfaces.

`trial` makes LoRA Dropout a workload of SpotTune, `jobs` tunes it on the simulated spot
market while it really trains, `watching` follows chosen runs with DeepVisualInsight.
"""
