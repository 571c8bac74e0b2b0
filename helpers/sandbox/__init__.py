"""Run programs that nobody has read, and say what they did.

`helpers.sandbox.sandbox.Sandbox` runs a `helpers.sandbox.jobs.Job` and returns a
`helpers.sandbox.verdicts.Outcome`. Three processes take part, so that no program can
reach what decides about it::

    notebook --- judge (tests, expected values, verdicts)
                   |
                 zygote (slim interpreter, no secrets, forks)
                   |
                 child (hardened, then the program)

The judge speaks to the child in `helpers.sandbox.plain_data` alone.
"""
