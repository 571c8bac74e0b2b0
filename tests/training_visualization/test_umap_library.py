"""umap-learn's machine code is kept, and is the same code."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np

from helpers.training_visualization.umap_library import umap_library

CODE = """
import numpy as np
from helpers.training_visualization.umap_library import umap_library
umap = umap_library()
points = np.random.default_rng(0).normal(size=(40, 5))
places = umap.UMAP(n_neighbors=5, n_epochs=5, random_state=0, n_jobs=1).fit(points)
stats = umap.umap_.smooth_knn_dist.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
print(places.embedding_.sum())
"""


def run(folder):
    """Cache hits, cache misses and a checksum of the map in a process of its own."""
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE],
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return int(found[0]), int(found[1]), float(found[2])


def test_the_second_process_compiles_nothing(tmp_path):
    hits, misses, first = run(tmp_path)
    assert hits == 0 and misses > 0
    hits, misses, second = run(tmp_path)
    assert hits > 0 and misses == 0
    assert second == first


def test_it_is_the_package():
    import umap

    assert umap_library() is umap
    assert np.allclose(
        umap_library().umap_.find_ab_params(1.0, 0.1), (1.577, 0.895), atol=1e-3
    )
