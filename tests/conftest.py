"""Settings of the whole suite."""

import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# What a property needs in milliseconds says nothing about whether it holds, and the
# first call of a test may import scipy.
settings.register_profile("reprise", deadline=None)
settings.load_profile("reprise")


@pytest.fixture(autouse=True)
def no_style_left_behind() -> Iterator[None]:
    """A cell that a test executes may set the notebooks' style for its process."""
    yield
    if matplotlib := sys.modules.get("matplotlib"):
        matplotlib.rcdefaults()
