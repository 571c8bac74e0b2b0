"""Losses against the model's own, and their summary against plain formulas."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from transformers import GPT2Config, GPT2LMHeadModel

from helpers.adaptive_temperature.token_classes import CLASSES, CODE_CLASSES
from helpers.adaptive_temperature.token_losses import (
    loss_ratio,
    loss_shares,
    summary,
    token_losses,
)
from helpers.tiny_lm.tokenizers import bpe_tokenizer

SOURCES = {
    "long.py": 'def f(x):\n    """Twice."""\n    for a in x:\n        yield 2 * a\n'
    * 3,
    "short.py": "x = 1\nif x:\n    print(x)\n",
    "empty.py": "",
}


@pytest.fixture(scope="module")
def tokenizer():
    return bpe_tokenizer(list(SOURCES.values()), 300)


@pytest.fixture(scope="module")
def model(tokenizer):
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_layer=1, n_head=2, n_embd=16, n_positions=512
    )
    with torch.no_grad():
        model = GPT2LMHeadModel(config).eval()
        for weight in model.parameters():  # far from even distributions
            weight.normal_(0, 0.3)
    return model


def measure(model, tokenizer, sources=SOURCES, **options):
    options = {"context": 300, "progress": False} | options
    return token_losses(model, tokenizer, sources, **options)


def test_agrees_with_the_models_own_loss(model, tokenizer) -> None:
    frame = measure(model, tokenizer)
    assert frame["file"].unique().tolist() == ["long.py", "short.py"]
    for name, part in frame.groupby("file"):
        ids = tokenizer(SOURCES[name], add_special_tokens=False)["input_ids"]
        row = torch.tensor([[tokenizer.bos_token_id, *ids]])
        with torch.inference_mode():
            out = model(row, labels=row)
        assert part["loss"].mean() == pytest.approx(float(out.loss), rel=1e-4)
        p = out.logits[0, :-1].double().softmax(-1)
        entropy = torch.distributions.Categorical(p).entropy()
        np.testing.assert_allclose(part["entropy"], entropy, rtol=1e-4)
        order = p.argsort(-1, descending=True)
        rank = (order == torch.tensor(ids)[:, None]).nonzero()[:, 1] + 1
        assert part["rank"].tolist() == rank.tolist()
        assert part["top1"].tolist() == (rank == 1).tolist()
    assert set(frame["class"]) == set(CLASSES)


def test_windows_keep_half_the_context_and_miss_no_token(model, tokenizer) -> None:
    context = 16
    frame = measure(model, tokenizer, context=context, batch_size=3)
    frame = frame[frame["file"] == "long.py"].reset_index()
    ids = tokenizer(SOURCES["long.py"], add_special_tokens=False)["input_ids"]
    row = [tokenizer.bos_token_id, *ids]
    assert len(frame) == len(ids) > 3 * context
    for i, loss in enumerate(frame["loss"], 1):
        # by the definition: the first window that holds token i
        start = 0 if i < context else -(-(i - context + 1) // 8) * 8
        seen = torch.tensor([row[start:i]])
        with torch.inference_mode():
            logp = model(seen).logits[0, -1].log_softmax(-1)
        assert start == 0 or i - start >= context // 2
        assert loss == pytest.approx(-float(logp[row[i]]), rel=1e-3, abs=1e-4)


def test_without_a_beginning_token_the_first_has_no_loss(model, tokenizer) -> None:
    class Plain:
        is_fast, bos_token_id = True, None

        def __call__(self, *args, **options):
            return tokenizer(*args, **options)

    with_bos, without = measure(model, tokenizer), measure(model, Plain())
    assert len(with_bos) == len(without) + 2
    assert with_bos.iloc[0]["class"] == "first of a line"
    assert with_bos["class"].tolist()[1:4] == without["class"].tolist()[:3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sources": {}}, "at least one file"),
        ({"sources": {"a.py": ""}}, "at least one file"),
        ({"context": 3}, "context is 3; allowed: 4 to the model's 512"),
        ({"context": 513}, "context is 513"),
        ({"batch_size": 0}, "batch_size is 0"),
    ],
)
def test_bad_input_is_named(model, tokenizer, options, message) -> None:
    with pytest.raises(ValueError, match=message):
        measure(model, tokenizer, **options)


def test_a_model_in_training_mode_is_refused(tokenizer) -> None:
    config = GPT2Config(vocab_size=len(tokenizer), n_layer=1, n_head=1, n_embd=8)
    with pytest.raises(ValueError, match=r"allowed: model\.eval\(\)"):
        measure(GPT2LMHeadModel(config).train(), tokenizer)


def made(files=40, each=30, seed=0, spread=0.0):
    """Losses of known means per class; files differ by ``spread``."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, (files, each), p=[0.2, 0.1, 0.7])
    loss = rng.gamma(2, np.array([3, 4, 1])[kind] / 2)
    loss *= np.exp(rng.normal(0, spread, (files, 1)))
    return pd.DataFrame(
        {
            "file": np.repeat(np.arange(files), each),
            "class": np.array(CODE_CLASSES)[kind.ravel()],
            "loss": loss.ravel(),
            "top1": loss.ravel() < 1,
            "position": rng.integers(0, 3, files * each),
        }
    )


def test_summary_is_that_of_each_group() -> None:
    frame = made()
    found = summary(frame).set_index("class")
    for kind, row in found.iterrows():
        loss = frame.loc[frame["class"] == kind, "loss"]
        expected = {
            "n": len(loss),
            "mean": loss.mean(),
            "median": loss.median(),
            "top1": (loss < 1).mean(),
            "skewness": ((loss - loss.mean()) ** 3).mean() / loss.std(ddof=0) ** 3,
            "kurtosis": ((loss - loss.mean()) ** 4).mean() / loss.var(ddof=0) ** 2 - 3,
            "token_share": len(loss) / len(frame),
            "loss_share": loss.sum() / frame["loss"].sum(),
        }
        assert row[list(expected)].to_dict() == pytest.approx(expected)
    by_position = summary(frame, "position")
    assert by_position["position"].tolist() == [0, 1, 2]


def test_intervals_cover_at_their_level_and_count_files_not_tokens() -> None:
    covered = []
    for seed in range(30):
        row = summary(made(seed=seed, spread=0.4), "class").set_index("class")
        low, high = row.loc["other code", ["low", "high"]]
        covered.append(low < math.exp(0.08) < high)  # mean of exp(N(0, 0.4))
    # 0.95 less what a bootstrap of 40 files lacks
    assert np.mean(covered) > stats.binom.ppf(0.001, 30, 0.93) / 30
    alike = summary(made(spread=0.0)).set_index("class")
    apart = summary(made(spread=0.8)).set_index("class")
    width = [(x["high"] - x["low"]) / x["mean"] for x in (alike, apart)]
    assert (width[1] > 1.5 * width[0]).all()


def test_one_file_has_no_interval() -> None:
    row = summary(made(files=1)).iloc[0]
    assert row["mean"] > 0 and math.isnan(row["low"]) and math.isnan(row["high"])


def test_shares_of_the_loss() -> None:
    frame = made(files=200)
    found = loss_shares(frame).set_index("class")
    assert found[["token_share", "loss_share"]].sum().to_numpy() == pytest.approx(1)
    # 0.2 * 3 and 0.1 * 4 of 0.2 * 3 + 0.1 * 4 + 0.7 * 1
    for kind, share in {"first of a line": 6 / 17, "first of a block": 4 / 17}.items():
        low, own, high = found.loc[kind, ["low", "loss_share", "high"]]
        assert low < own < high and 0.01 < high - low < 0.06
        assert own == pytest.approx(share, abs=0.03)


def test_summaries_name_what_is_wrong() -> None:
    frame = made()
    with pytest.raises(ValueError, match="did you mean 'class'"):
        summary(frame, "clas")
    with pytest.raises(ValueError, match="no rows"):
        summary(frame.iloc[:0])
    with pytest.raises(ValueError, match="no tokens of code"):
        loss_shares(frame.assign(**{"class": "prose"}))


def test_ratio_of_two_classes() -> None:
    first, second = CODE_CLASSES[:2]
    rows = [
        {"file": f"{i}.py", "class": name, "loss": loss + 0.1 * i}
        for i in range(6)
        for name, loss in ((first, 2.0), (first, 3.0), (second, 1.0))
    ]
    found = loss_ratio(pd.DataFrame(rows), first, second)
    assert found["value"] == pytest.approx(2.75 / 1.25)
    assert found["low"] < found["value"] < found["high"]
    same = loss_ratio(pd.DataFrame(rows).assign(loss=1.0), first, second)
    assert (same["low"], same["value"], same["high"]) == (1, 1, 1)
    with pytest.raises(ValueError, match="unknown class 'prose'"):
        loss_ratio(pd.DataFrame(rows), "prose", first)
