"""Notebook 02: SpotTune (arXiv 2012.03576, ICDCS 2020).

Hyper-parameter tuning on revocable machines. The policy (`orchestrator`) knows
nothing of where it runs: it gets a `job.JobState` and returns `job.Action` objects. The
drivers `simulator`, `ray_driver` and `aws_driver` carry them out.
"""
