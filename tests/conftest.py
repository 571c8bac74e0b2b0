"""Settings of the whole suite."""

from hypothesis import settings

# What a property needs in milliseconds says nothing about whether it holds, and the
# first call of a test may import scipy.
settings.register_profile("reprise", deadline=None)
settings.load_profile("reprise")
