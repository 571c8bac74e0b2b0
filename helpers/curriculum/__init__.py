"""The ``curriculum`` command: run, check and report on the notebooks."""
