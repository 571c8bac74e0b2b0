"""Distribution tasks: samplers (acceptance checks 6 and 7), kinds and shares."""

import math
from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers.graph_generation.distributions import (
    DISTRIBUTIONS,
    KINDS,
    attempted,
    attempted_kind,
    draw_episode,
    draw_graph,
    draw_kind,
    is_target,
    kind,
    p_gen,
    target_rate_chance,
)
from helpers.graph_generation.generators import noisy
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.motifs import MATCHED

DRAWS = 6000


def expected_law(task, p):
    """Probability of each kind, as the paper defines the task."""
    if task == "trees-or-cycles":
        return {"tree": p, "cycle": 1 - p}
    if task == "union":
        return {"tree+tree": p / 2, "cycle+cycle": p / 2, "tree+cycle": 1 - p}
    return {
        f"{base}-{motif}": p / 3 if MATCHED[base] == motif else (1 - p) / 6
        for base in MATCHED
        for motif in MATCHED.values()
    }


@pytest.mark.parametrize("task", DISTRIBUTIONS)
@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_kinds_follow_their_law(task, p):
    rng = np.random.default_rng(round(100 * p))
    drawn = Counter(draw_kind(task, p, rng) for _ in range(DRAWS))
    law = expected_law(task, p)
    assert set(drawn) == set(law) == set(KINDS[task])
    counts = [drawn[name] for name in law]
    assert stats.chisquare(counts, [DRAWS * law[name] for name in law]).pvalue > 1e-3
    targets = sum(drawn[name] for name in law if is_target(task, name))
    assert abs(targets / DRAWS - p) < 4 * math.sqrt(p * (1 - p) / DRAWS)


def test_union_at_one_half_has_a_quarter_of_each_pure_kind():
    rng = np.random.default_rng(3)
    graphs = draw_episode("union", 0.5, rng, DRAWS).graphs
    shares = Counter(kind("union", graph) for graph in graphs)
    assert shares["tree+tree"] / DRAWS == pytest.approx(0.25, abs=0.025)
    assert shares["cycle+cycle"] / DRAWS == pytest.approx(0.25, abs=0.025)
    assert shares["tree+cycle"] / DRAWS == pytest.approx(0.5, abs=0.03)


def test_motif_bases_are_uniform_whatever_p():
    for p in (0.0, 0.3, 1.0):
        rng = np.random.default_rng(7)
        kinds = [draw_kind("motif", p, rng) for _ in range(DRAWS)]
        bases = Counter(name.split("-")[0] for name in kinds)
        assert stats.chisquare(list(bases.values())).pvalue > 1e-3


@pytest.mark.parametrize("task", DISTRIBUTIONS)
@pytest.mark.parametrize("mixed", [False, True])
def test_every_drawn_graph_is_of_its_kind(task, mixed):
    episode = draw_episode(task, 0.5, np.random.default_rng(0), 500, mixed=mixed)
    assert [kind(task, graph) for graph in episode.graphs] == list(episode.kinds)
    assert all(list(graph.edges) == sorted(graph.edges) for graph in episode.graphs)
    assert p_gen(task, episode.graphs) == attempted(task, episode.graphs)
    assert p_gen(task, episode.graphs) == episode.share


@pytest.mark.parametrize("name", ["tree", "cycle"])
def test_sizes_and_labelled_graphs_are_uniform(name):
    rng = np.random.default_rng(5)
    graphs = [draw_graph("trees-or-cycles", name, rng) for _ in range(DRAWS)]
    sizes = Counter(graph.n for graph in graphs)
    assert sorted(sizes) == [5, 6, 7]
    assert stats.chisquare(list(sizes.values())).pvalue > 1e-3
    small = Counter(graph.key for graph in graphs if graph.n == 5)
    assert len(small) == {"tree": 125, "cycle": 12}[name]
    assert stats.chisquare(list(small.values())).pvalue > 1e-3


def test_parts_keep_their_labels_together_unless_mixed():
    rng = np.random.default_rng(2)

    def spans(mixed):
        together = 0
        for _ in range(100):
            graph = draw_graph("union", "tree+cycle", rng, mixed=mixed).networkx()
            first, second = nx.connected_components(graph)
            together += max(first) < min(second) or max(second) < min(first)
        return together

    assert spans(False) == 100
    assert spans(True) < 20


def reference_kind(task, graph):
    """Kind of a simple graph by networkx."""
    whole = graph.networkx()
    names = []
    for nodes in nx.connected_components(whole):
        part = whole.subgraph(nodes)
        if len(part) not in (5, 6, 7):
            return None
        ring = nx.is_isomorphic(part, nx.cycle_graph(len(part)))
        if not ring and not nx.is_tree(part):
            return None
        names.append("cycle" if ring else "tree")
    parts = 1 if task == "trees-or-cycles" else 2
    return "+".join(sorted(names, reverse=True)) if len(names) == parts else None


@pytest.mark.parametrize("task", ["trees-or-cycles", "union"])
def test_damaged_graphs_are_judged_as_by_networkx(task):
    rng = np.random.default_rng(4)
    verdicts = Counter()
    for turn, graph in enumerate(draw_episode(task, 0.5, rng, 400).graphs):
        moved = (turn % 3) / len(graph.edges)  # none, one or two edges
        damaged = noisy(graph, moved, rng)
        assert kind(task, damaged) == reference_kind(task, damaged)
        verdicts[kind(task, damaged)] += 1
    assert verdicts[None] > 100
    assert len(verdicts) == 1 + len(KINDS[task])


@given(
    st.sampled_from(DISTRIBUTIONS),
    st.integers(-2, 14),
    st.lists(st.tuples(st.integers(-1, 14), st.integers(-1, 14)), max_size=24),
)
def test_any_text_of_a_graph_gets_a_verdict(task, n, edges):
    graph = Graph(n, tuple(edges))
    name = kind(task, graph)
    assert name is None or name in KINDS[task]
    tried = attempted_kind(task, graph)
    assert tried is None or tried in KINDS[task]
    assert name is None or tried == name


@pytest.mark.parametrize("sizes", ["small", "spmotif"])
@pytest.mark.parametrize("task", DISTRIBUTIONS)
def test_attempts_are_told_by_counts_though_the_graph_is_broken(task, sizes):
    rng = np.random.default_rng(6)
    episode = draw_episode(task, 0.5, rng, 200, sizes=sizes)
    broken = 0
    for graph, name in zip(episode.graphs, episode.kinds, strict=True):
        damaged = noisy(graph, 0.3, rng)
        if kind(task, damaged, sizes=sizes) is None:
            broken += 1
            assert attempted_kind(task, damaged, sizes=sizes) == name
    assert broken > 50


def test_p_gen_is_biased_where_one_kind_fails_more_often_and_attempted_is_not():
    rng = np.random.default_rng(8)
    trees = [draw_graph("trees-or-cycles", "tree", rng) for _ in range(20)]
    rings = [draw_graph("trees-or-cycles", "cycle", rng) for _ in range(20)]
    ruined = [noisy(ring, 0.4, rng) for ring in rings[:15]]
    bad = [ring for ring in ruined if kind("trees-or-cycles", ring) is None]
    graphs = [*trees, *rings[15:], *bad, *rings[: 15 - len(bad)]]
    assert len(bad) > 10
    assert attempted("trees-or-cycles", graphs) == 0.5
    assert p_gen("trees-or-cycles", graphs) > 0.65


def test_answers_without_a_valid_graph_have_no_p_gen():
    assert math.isnan(p_gen("union", [None, Graph(3, ((1, 2),))]))
    assert math.isnan(attempted("union", [None]))
    ring = Graph.of(4, [(1, 2), (2, 3), (3, 4), (1, 4)])
    assert math.isnan(p_gen("trees-or-cycles", [ring]))
    assert p_gen("trees-or-cycles", [ring], any_size=True) == 0


@pytest.mark.parametrize("task", DISTRIBUTIONS)
def test_chance_is_the_share_of_targets_among_random_picks(task):
    rng = np.random.default_rng(9)
    if task == "motif":
        picks = [f"{b}-{m}" for b in MATCHED for m in MATCHED.values()]
    elif task == "union":
        picks = ["tree+tree", "tree+cycle", "tree+cycle", "cycle+cycle"]
    else:
        picks = ["tree", "cycle"]
    drawn = rng.choice(picks, DRAWS).tolist()
    share = np.mean([is_target(task, name) for name in drawn])
    assert share == pytest.approx(target_rate_chance(task), abs=0.025)


def test_episodes_repeat_with_their_seed_only():
    one, two, three = (
        draw_episode("motif", 0.4, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one == two != three
    assert len(one.graphs) == 10


def test_bad_input_is_refused():
    rng = np.random.default_rng(0)
    for p in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="allowed: 0 to 1"):
            draw_episode("motif", p, rng)
    for count in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match="at least 1"):
            draw_episode("motif", 0.5, rng, count)
    with pytest.raises(ValueError, match="did you mean 'motif'"):
        draw_episode("motive", 0.5, rng)
    with pytest.raises(ValueError, match="did you mean 'union'"):
        kind("unions", None)
    with pytest.raises(ValueError, match="did you mean 'tree-house'"):
        draw_graph("motif", "tree-hous", rng)
    with pytest.raises(ValueError, match="did you mean 'small'"):
        draw_episode("union", 0.5, rng, sizes="smal")
