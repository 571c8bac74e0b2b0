import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from helpers.tiny_lm.batches import IGNORED, Batch, Examples
from helpers.tiny_lm.config import TinyConfig
from helpers.tiny_lm.training import STATE, Recipe, forget, token_loss, train

CONFIG = TinyConfig(12, layers=2, width=16, heads=2, context=16)
RECIPE = Recipe(steps=12, learning_rate=1e-2, warmup=3, save_every=5, log_every=4)


@pytest.fixture
def batches():
    draw = np.random.default_rng(0)
    rows = [draw.integers(4, 12, size).tolist() for size in draw.integers(4, 9, 60)]
    return Examples(rows, [2] * len(rows), batch_tokens=40, seed=0)


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_loss_is_that_of_transformers(batches):
    model, batch = CONFIG.model(0), batches(0)
    expected = model(
        input_ids=batch.ids, attention_mask=(batch.ids > 0).long(), labels=batch.labels
    ).loss
    torch.testing.assert_close(token_loss(model, batch), expected)


def test_training_is_adamw_as_anyone_would_write_it(batches, tmp_path):
    model, plain = CONFIG.model(0), CONFIG.model(0)
    log = train(model, batches, RECIPE, folder=tmp_path, progress=False)
    groups = [
        {
            "params": [p for n, p in plain.named_parameters() if ("norm" in n) == norm],
            "weight_decay": 0.0 if norm else RECIPE.weight_decay,
        }
        for norm in (False, True)
    ]
    table = plain.model.embed_tokens.weight
    groups[0]["params"] = [p for p in groups[0]["params"] if p is not table]
    groups[1]["params"].append(table)
    optimiser = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.98))
    losses = []
    for step in range(12):
        for group in optimiser.param_groups:
            if step < 3:
                group["lr"] = 1e-2 * (step + 1) / 3
            else:
                cosine = (1 + math.cos(math.pi * (step - 3) / 8)) / 2
                group["lr"] = 1e-2 * (0.1 + 0.9 * cosine)
        batch = batches(step)
        loss = plain(input_ids=batch.ids, labels=batch.labels).loss
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    torch.testing.assert_close(weights(model), weights(plain), rtol=0, atol=1e-5)
    assert log["step"].tolist() == [*range(1, 11), 12]
    expected = [*losses[:10], np.mean(losses[10:])]
    np.testing.assert_allclose(log["loss"], expected, atol=1e-5)
    assert log["tokens"].iloc[-1] == sum(batches(i).ids.numel() for i in range(12))
    assert log["rate"].iloc[-1] == pytest.approx(1e-3)


def test_it_learns(tmp_path):
    # the second half repeats the first: only attention can know it
    rows = np.random.default_rng(0).integers(4, 12, (400, 4)).tolist()
    source = Examples([r + r for r in rows], [4] * 400, batch_tokens=400, seed=0)
    recipe = Recipe(steps=80, learning_rate=2e-2, warmup=10, weight_decay=0.01)
    model = CONFIG.model(0)
    log = train(model, source, recipe, folder=tmp_path, progress=False)
    assert log["loss"].iloc[0] > 2 and log["loss"].iloc[-1] < 0.5


@pytest.mark.parametrize("stop", [1, 4, 5, 11])
def test_a_resumed_run_equals_an_uninterrupted_one(batches, tmp_path, stop):
    whole, parts = CONFIG.model(0), CONFIG.model(0)
    log = train(whole, batches, RECIPE, folder=tmp_path / "a", progress=False)

    def interrupting(step):
        if step == stop:
            raise KeyboardInterrupt
        return batches(step)

    with pytest.raises(KeyboardInterrupt):
        train(parts, interrupting, RECIPE, folder=tmp_path / "b", progress=False)
    fresh = CONFIG.model(7)  # the state replaces its weights
    seen = []

    def watched(step):
        seen.append(step)
        return batches(step)

    resumed = train(fresh, watched, RECIPE, folder=tmp_path / "b", progress=False)
    assert seen == [
        0,
        *range(stop, 12),
    ]  # the first tells whether the data are the same
    assert torch.equal(weights(whole), weights(fresh))
    pd.testing.assert_frame_equal(
        log.drop(columns="seconds"), resumed.drop(columns="seconds"), check_exact=True
    )


def test_an_interrupt_within_an_update_keeps_the_last_state(
    batches, tmp_path, monkeypatch
):
    whole, model = CONFIG.model(0), CONFIG.model(0)
    train(whole, batches, RECIPE, folder=tmp_path / "a", progress=False)
    step, calls = torch.optim.AdamW.step, []

    def interrupted(self, *args):
        calls.append(None)
        out = step(self, *args)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return out

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(torch.optim.AdamW, "step", interrupted)
        train(model, batches, RECIPE, folder=tmp_path / "b", progress=False)
    state = torch.load(tmp_path / "b" / STATE, weights_only=True)
    assert state["books"][0] == 5
    train(model, batches, RECIPE, folder=tmp_path / "b", progress=False)
    assert torch.equal(weights(whole), weights(model))


def test_stopping_early_keeps_the_schedule(batches, tmp_path):
    whole, model = CONFIG.model(0), CONFIG.model(0)
    log = train(whole, batches, RECIPE, folder=tmp_path / "a", progress=False)
    few = train(model, batches, RECIPE, folder=tmp_path / "b", steps=6, progress=False)
    pd.testing.assert_frame_equal(
        few.drop(columns="seconds"), log.drop(columns="seconds").head(6)
    )
    train(model, batches, RECIPE, folder=tmp_path / "b", progress=False)
    assert torch.equal(weights(whole), weights(model))


def test_randomness_in_the_model_resumes_too_and_stays_inside(batches, tmp_path):
    def model():
        config = CONFIG.llama()
        config.attention_dropout = 0.3
        return type(CONFIG.model(0))(config).train()

    torch.manual_seed(0)
    whole = model()
    torch.manual_seed(0)
    parts = model()
    before = torch.get_rng_state()
    train(whole, batches, RECIPE, folder=tmp_path / "a", progress=False)
    assert torch.equal(before, torch.get_rng_state())
    train(parts, batches, RECIPE, folder=tmp_path / "b", steps=7, progress=False)
    torch.manual_seed(99)
    train(parts, batches, RECIPE, folder=tmp_path / "b", progress=False)
    assert torch.equal(weights(whole), weights(parts))


def test_a_state_is_not_mixed_with_something_else(batches, tmp_path):
    def run(batches=batches, recipe=RECIPE, config=CONFIG, **settings):
        return train(
            config.model(0),
            batches,
            recipe,
            folder=tmp_path,
            progress=False,
            **settings,
        )

    run(steps=2)
    others = Examples([[4, 5, 6]] * 9, [1] * 9, batch_tokens=9, seed=0)
    wide = replace(CONFIG, feed_forward=32)
    for other in ({"batches": others}, {"recipe": replace(RECIPE, clip=2.0)}):
        with pytest.raises(ValueError, match="belongs to another"):
            run(**other)
    with pytest.raises(ValueError, match="belongs to another"):
        run(config=wide)
    assert run(config=wide, resume=False, steps=1)["step"].tolist() == [1]
    forget(tmp_path)
    forget(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_no_number_stops_the_training(tmp_path):
    model = CONFIG.model(0)
    model.model.norm.weight.data[0] = math.nan
    ids = torch.tensor([[4, 5]])
    with pytest.raises(FloatingPointError, match="step 0"):
        train(
            model,
            lambda step: Batch(ids, torch.tensor([[IGNORED, 5]])),
            RECIPE,
            folder=tmp_path,
            progress=False,
        )
    assert not (tmp_path / STATE).exists()


def test_rate_rises_to_its_highest_and_falls_to_its_floor():
    recipe = Recipe(steps=100, learning_rate=2.0, warmup=10, floor=0.25)
    rates = np.array([recipe.rate(step) for step in range(100)])
    np.testing.assert_allclose(rates[:10], np.arange(1, 11) / 5)
    assert rates.max() == rates[9] == rates[10] == 2.0
    assert np.all(np.diff(rates[10:]) < 0) and rates[-1] == pytest.approx(0.5)
    assert rates[10:].mean() == pytest.approx(1.25, abs=0.02)
    assert Recipe(steps=1, warmup=0).rate(0) == Recipe(steps=1).learning_rate


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"steps": 2.5}, "steps is 2.5"),
        ({"warmup": -1}, "warmup is -1"),
        ({"save_every": 0}, "save_every is 0"),
        ({"learning_rate": 0}, "learning_rate is 0"),
        ({"clip": math.inf}, "clip is inf"),
        ({"floor": 1.5}, "floor 1.5"),
        ({"weight_decay": -0.1}, "weight_decay -0.1"),
    ],
)
def test_impossible_recipes_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        Recipe(**{"steps": 10, **wrong})


def test_muon_takes_the_matrices_of_the_blocks(batches, tmp_path):
    recipe = replace(RECIPE, optimiser="muon", steps=4)
    model, plain = CONFIG.model(0), CONFIG.model(0)
    train(model, batches, recipe, folder=tmp_path, progress=False)
    blocks = [p for n, p in plain.named_parameters() if p.ndim == 2 and "layers" in n]
    others = [p for p in plain.parameters() if all(p is not b for b in blocks)]
    muon = torch.optim.Muon(blocks, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    adam = torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=0)
    for step in range(4):
        plain.zero_grad()
        token_loss(plain, batches(step)).backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        for optimiser in (muon, adam):
            optimiser.param_groups[0]["lr"] = recipe.rate(step)
            optimiser.step()
    # its iteration is in bfloat16; AdamW alone would end .02 away
    torch.testing.assert_close(weights(model), weights(plain), rtol=0, atol=1e-3)


def test_muon_resumes_without_a_trace(batches, tmp_path):
    recipe = replace(RECIPE, optimiser="muon")
    whole, halves = CONFIG.model(0), CONFIG.model(0)
    log = train(whole, batches, recipe, folder=tmp_path / "a", progress=False)
    folder = tmp_path / "b"
    train(halves, batches, recipe, folder=folder, steps=5, progress=False)
    again = train(CONFIG.model(1), batches, recipe, folder=folder, progress=False)
    pd.testing.assert_frame_equal(
        log.drop(columns="seconds"), again.drop(columns="seconds")
    )
    assert not torch.equal(weights(CONFIG.model(0)), weights(whole))


def test_unknown_optimiser_is_refused():
    with pytest.raises(ValueError, match="did you mean 'muon'"):
        replace(RECIPE, optimiser="muo")


def test_another_loss_can_be_learnt(batches, tmp_path):
    def twice(model, batch):
        return 2 * token_loss(model, batch)

    settings = {"folder": tmp_path, "progress": False, "steps": 1, "resume": False}
    plain = train(CONFIG.model(0), batches, RECIPE, **settings)
    doubled = train(CONFIG.model(0), batches, RECIPE, loss=twice, **settings)
    assert doubled["loss"][0] == pytest.approx(2 * plain["loss"][0])
