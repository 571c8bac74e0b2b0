"""umap-learn's machine code is kept, and is the same code."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from helpers.training_visualization.umap_library import all_distances, umap_library

CODE = """
import numpy as np
from helpers.training_visualization.umap_library import umap_library
function = umap_library().umap_.smooth_knn_dist
gaps = np.sort(np.random.default_rng(0).random((40, 5), dtype=np.float32))
widths, nearest = function(gaps, 5.0)
stats = function.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
print(widths.sum() + nearest.sum())
"""


def run(folder):
    """Cache hits, cache misses and a checksum in a process of its own."""
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


def test_the_threads_of_torch_stay():
    code = """
import numba, torch
from helpers.torch_threads import single_thread
from helpers.training_visualization.umap_library import umap_library
with single_thread():
    umap_library()
    numba.get_num_threads()  # what every parallel loop does first
    print(torch.get_num_threads())
"""
    env = {**os.environ, "NUMBA_NUM_THREADS": "3"}
    found = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True
    )
    assert found.stdout == "1\n", found.stderr


def test_it_is_the_package():
    import umap

    assert umap_library() is umap
    assert np.allclose(
        umap_library().umap_.find_ab_params(1.0, 0.1), (1.577, 0.895), atol=1e-3
    )


def test_every_function_is_kept_and_every_loop_compiled_once():
    from numba.core.caching import NullCache
    from numba.core.dispatcher import Dispatcher

    umap = umap_library()
    kept = [f for f in vars(umap.umap_).values() if isinstance(f, Dispatcher)]
    loops = [
        umap.layouts._optimize_layout_inverse_single_epoch,
        umap.layouts._optimize_layout_aligned_euclidean_single_epoch,
    ]
    for loop in loops:
        made = [umap.layouts.numba.njit(loop, fastmath=True) for _ in range(2)]
        assert made[0] is made[1]
        kept.append(made[0])
    assert len(kept) >= 10
    assert not any(isinstance(function._cache, NullCache) for function in kept)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_distances_are_those_of_scikit_learn_but_for_rounding(metric, dtype):
    called = umap_library().distances.named_distances[metric]
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(40, 9)).astype(dtype), draw.normal(size=(7, 9), scale=3)
    for pair in ((x, None), (x, y.astype(dtype)), (np.asfortranarray(x), None)):
        slow, fast = (
            f(*pair, metric=called) for f in (pairwise_distances, all_distances)
        )
        assert fast.dtype == slow.dtype == dtype
        np.testing.assert_allclose(fast, slow, rtol=4 * np.finfo(dtype).eps)
    assert umap_library().umap_.pairwise_distances is all_distances


def test_other_metrics_and_integers_go_to_scikit_learn():
    draw = np.random.default_rng(0)
    named = umap_library().distances.named_distances
    real, whole = draw.normal(size=(20, 3)), draw.integers(9, size=(20, 3))
    for x, metric, options in (
        (real, "cityblock", {}),
        (real, named["minkowski"], {"p": 3}),
        (whole, named["euclidean"], {}),
    ):
        np.testing.assert_array_equal(
            all_distances(x, metric=metric, **options),
            pairwise_distances(x, metric=metric, **options),
        )
