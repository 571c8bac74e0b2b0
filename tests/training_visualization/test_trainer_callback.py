"""A real run of transformers' Trainer, recorded; random weights, no network."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    ResNetConfig,
    ResNetForImageClassification,
    Trainer,
    TrainingArguments,
)

from helpers.training_visualization.recorder import Recorder
from helpers.training_visualization.trainer_callback import RecorderCallback

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(24, 1, 16, 16)).astype(np.float32)
LABELS = np.arange(24) % 3


def small_resnet() -> ResNetForImageClassification:
    torch.manual_seed(0)
    return ResNetForImageClassification(
        ResNetConfig(
            num_channels=1,
            embedding_size=4,
            hidden_sizes=[4, 8],
            depths=[1, 1],
            layer_type="basic",
            num_labels=3,
        )
    )


def trainer(
    model: nn.Module, data: dict[str, np.ndarray], callback: Any, **options: Any
) -> Trainer:
    rows = [
        {name: torch.tensor(column[i]) for name, column in data.items()}
        for i in range(len(LABELS))
    ]
    settings = TrainingArguments(
        per_device_train_batch_size=8,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        **options,
    )
    return Trainer(model, settings, train_dataset=rows, callbacks=[callback])


def test_images(tmp_path: Path) -> None:
    model = small_resnet()
    recorder = Recorder(
        model, data=IMAGES, y=LABELS, test=IMAGES[:5], y_test=LABELS[:5]
    )
    data = {"pixel_values": IMAGES, "labels": LABELS}
    callback = RecorderCallback(recorder, every=2, initial=True)
    trainer(model, data, callback, output_dir=str(tmp_path), num_train_epochs=4).train()
    trace = recorder.trace()
    assert trace.epochs == (0, 2, 4)
    assert trace.train.shape == (3, 24, 8)
    with torch.no_grad():
        now = model.eval()(torch.tensor(IMAGES)).logits.numpy()
    np.testing.assert_allclose(trace.train_scores[-1], now, atol=1e-4)
    assert not np.allclose(trace.train_scores[0], now, atol=1e-3)


def test_text(tmp_path: Path) -> None:
    """Token ids cannot be mixed: representations are; padding needs a mask."""
    torch.manual_seed(0)
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=30,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            num_labels=3,
        )
    )
    ids = RNG.integers(1, 30, (24, 6))
    ids[::2, 4:] = 0
    recorder = Recorder(
        model,
        data=ids,
        y=LABELS,
        mix="representations",
        forward=lambda model, ids: model(
            input_ids=ids, attention_mask=(ids > 0).long()
        ),
    )
    data = {"input_ids": ids, "attention_mask": (ids > 0).astype(int), "labels": LABELS}
    run = trainer(
        model,
        data,
        RecorderCallback(recorder),
        output_dir=str(tmp_path),
        max_steps=7,  # three steps an epoch: the third one is not completed
    )
    run.train()
    assert recorder.trace().epochs == (1, 2)
    assert recorder.trace().train.shape == (2, 24, 16)


def test_another_model_is_noticed(tmp_path: Path) -> None:
    recorder = Recorder(small_resnet(), data=IMAGES, y=LABELS, boundary=None)
    data = {"pixel_values": IMAGES, "labels": LABELS}
    run = trainer(
        small_resnet(), data, RecorderCallback(recorder), output_dir=str(tmp_path)
    )
    with pytest.raises(ValueError, match="not the recorder's"):
        run.train()
    with pytest.raises(ValueError, match="every is 0"):
        RecorderCallback(recorder, every=0)


def test_wrapped_models_and_resumed_trainings() -> None:
    model = small_resnet()
    recorder = Recorder(model, data=IMAGES, y=LABELS, boundary=None)
    callback = RecorderCallback(recorder, initial=True)
    wrapped = SimpleNamespace(module=SimpleNamespace(module=model))
    callback.on_train_begin(None, SimpleNamespace(epoch=2.0), None, model=wrapped)
    assert recorder.epochs == ()  # resumed: that is no untrained model
    for epoch in (3.0, 3.0, 3.5):
        callback.on_epoch_end(None, SimpleNamespace(epoch=epoch), None)
    assert recorder.epochs == (3,)
