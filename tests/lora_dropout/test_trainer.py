"""The trainer's gradients are those of a loop written out, whatever the batches."""

from __future__ import annotations

import pytest
import torch
from peft import AdaLoraConfig, AdaLoraModel, LoraConfig, get_peft_model
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from helpers.lora_dropout.adalora import MaskedSVDLinear, mask_adalora
from helpers.lora_dropout.config import LoraDropoutConfig
from helpers.lora_dropout.masks import MaskSource
from helpers.lora_dropout.trainer import LoraDropoutTrainer
from tests.lora_dropout.small_models import TARGETS, adapted, batch, bert, randomised

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*pin_memory.*"),
    pytest.mark.filterwarnings("ignore:Unexpected keyword arguments"),
]


class Rows(torch.utils.data.Dataset):
    def __init__(self, inputs) -> None:
        self.inputs = inputs

    def __len__(self) -> int:
        return len(self.inputs["labels"])

    def __getitem__(self, index):
        return {k: v[index] for k, v in self.inputs.items()}


def arguments(folder, **options) -> TrainingArguments:
    usual = {
        "output_dir": str(folder),
        "use_cpu": True,
        "report_to": [],
        "disable_tqdm": True,
        "save_strategy": "no",
        "per_device_train_batch_size": 2,
        "optim": "sgd",
        "learning_rate": 0.5,
        "lr_scheduler_type": "constant",
        "max_grad_norm": 0.0,
        "logging_steps": 1,
        "train_sampling_strategy": "sequential",
    }
    return TrainingArguments(**usual | options)


def weights(model):
    return [w.detach().clone() for n, w in model.named_parameters() if "lora_" in n]


@pytest.fixture
def counted_masks(monkeypatch):
    """Masks that depend on how many a layer drew before, and on nothing else."""
    count: dict = {}

    def draw(self, module, size, p, like):
        key = (size, id(like))
        rows = []
        for _ in range(self.groups):
            count[key] = count.get(key, 0) + 1
            generator = torch.Generator().manual_seed(1000 * size + count[key])
            rows.append(torch.rand(size, generator=generator) >= p)
        return torch.stack(rows).to(like)

    monkeypatch.setattr(MaskSource, "draw", draw)


@pytest.mark.parametrize("one_pass", [False, True])
@pytest.mark.parametrize("accumulation", [1, 2])
def test_steps_of_the_trainer(tmp_path, counted_masks, one_pass, accumulation) -> None:
    n, steps = 3, 2
    data = batch(2 * accumulation * steps)
    data["attention_mask"][:] = 1
    model = adapted(mask_p=0.4, n_train=n)
    start = weights(model)
    trainer = LoraDropoutTrainer(
        model,
        arguments(tmp_path, max_steps=steps, gradient_accumulation_steps=accumulation),
        train_dataset=Rows(data),
        one_pass=one_pass,
    )
    # BERT's classifier takes the number of items and does not divide by it
    trainer.loss_is_scaled_for_ga = False
    trainer.train()
    found = weights(model)

    reference = adapted(mask_p=0.4, n_train=n).train()
    losses = []
    for step in range(steps):
        total = 0.0
        for part in range(accumulation):
            first = 2 * (step * accumulation + part)
            rows = {k: v[first : first + 2] for k, v in data.items()}
            for _ in range(n):
                loss = reference(**rows).loss / n / accumulation
                loss.backward()
                total += loss.item()
        losses.append(total)
        with torch.no_grad():
            for w in reference.parameters():
                if w.grad is not None:
                    w -= 0.5 * w.grad
                    w.grad = None
    for ours, theirs, before in zip(found, weights(reference), start, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
        assert not torch.equal(ours, before)
    logged = [e["loss"] for e in trainer.state.log_history if "loss" in e]
    assert logged == pytest.approx(losses, abs=2e-4)


@pytest.mark.parametrize("one_pass", [False, True])
def test_models_that_divide_by_the_number_of_items(
    tmp_path, counted_masks, one_pass
) -> None:
    """A language model's loss over accumulated batches is a sum over all tokens."""

    def language_model():
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=40,
            hidden_size=16,
            intermediate_size=24,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
        )
        options = LoraDropoutConfig(
            r=2, target_modules=["q_proj", "up_proj"], mask_p=0.4, n_train=2
        )
        return randomised(get_peft_model(LlamaForCausalLM(config), options))

    ids = torch.randint(40, (4, 6), generator=torch.Generator().manual_seed(0))
    labels = ids.clone()
    labels[:2, :3] = -100  # so that the two batches count different numbers of tokens
    data = {"input_ids": ids, "labels": labels}
    model = language_model()
    trainer = LoraDropoutTrainer(
        model,
        arguments(tmp_path, max_steps=1, gradient_accumulation_steps=2),
        train_dataset=Rows(data),
        one_pass=one_pass,
    )
    trainer.train()

    reference = language_model().train()
    tokens = int((labels[:, 1:] != -100).sum())
    for rows in (slice(0, 2), slice(2, 4)):
        for _ in range(2):
            loss = reference(
                input_ids=ids[rows], labels=labels[rows], num_items_in_batch=tokens
            ).loss
            (loss / 2).backward()
    with torch.no_grad():
        for w in reference.parameters():
            if w.grad is not None:
                w -= 0.5 * w.grad
    for ours, theirs in zip(weights(model), weights(reference), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_evaluation_is_without_masks_and_without_shares(tmp_path) -> None:
    model, data = adapted(n_train=3), Rows(batch(4))
    trainer = LoraDropoutTrainer(
        model,
        arguments(tmp_path, max_steps=2),
        train_dataset=data,
        eval_dataset=data,
    )
    plain = Trainer(model, arguments(tmp_path), eval_dataset=data)
    for _ in range(2):
        found, expected = trainer.evaluate()["eval_loss"], plain.evaluate()["eval_loss"]
        assert found == pytest.approx(expected)
        trainer.train()


def test_the_best_checkpoint_is_loaded_with_its_masks(tmp_path) -> None:
    model, data = adapted(n_train=2), Rows(batch(8))
    trainer = LoraDropoutTrainer(
        model,
        arguments(
            tmp_path,
            max_steps=4,
            save_strategy="steps",
            save_steps=1,
            eval_strategy="steps",
            eval_steps=1,
            load_best_model_at_end=True,
            metric_for_best_model="eval_loss",
            greater_is_better=True,  # the worst: not the last, as training helps
        ),
        train_dataset=data,
        eval_dataset=data,
    )
    trainer.train()
    losses = [e["eval_loss"] for e in trainer.state.log_history if "eval_loss" in e]
    assert losses.index(max(losses)) < 3  # so that there is something to load
    assert trainer.evaluate()["eval_loss"] == pytest.approx(max(losses))
    assert trainer.instances == 2


def test_one_instance_is_the_plain_trainer(tmp_path) -> None:
    found = []
    for kind, options in ((LoraDropoutTrainer, {"n_train": 1}), (Trainer, {})):
        model = adapted(n_train=3)
        kind(
            model,
            arguments(tmp_path, max_steps=3),
            train_dataset=Rows(batch(6)),
            **options,
        ).train()
        found.append(weights(model))
    assert all(map(torch.equal, *found))


def test_number_of_instances(tmp_path) -> None:
    def instances(model, **options):
        return LoraDropoutTrainer(model, arguments(tmp_path), **options).instances

    assert instances(adapted(n_train=3)) == 3
    assert instances(adapted(n_train=3), n_train=5) == 5
    assert instances(adapted(n_train=3, mask_p=0.0)) == 1
    with pytest.raises(ValueError, match="`n_train` must be an integer of at least 1"):
        instances(adapted(), n_train=0)
    plain = get_peft_model(bert(), LoraConfig(target_modules=TARGETS))
    with pytest.raises(ValueError, match="has LoRA Dropout; allowed"):
        instances(plain)


def test_a_training_that_resumes_draws_the_same_masks(tmp_path) -> None:
    def trainer(steps, model):
        return LoraDropoutTrainer(
            model,
            arguments(tmp_path, max_steps=steps, save_strategy="steps", save_steps=2),
            train_dataset=Rows(batch(4)),
        )

    whole = adapted(mask_p=0.4, n_train=2)
    trainer(4, whole).train()
    resumed = adapted(mask_p=0.4, n_train=2)
    trainer(4, resumed).train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    for ours, theirs in zip(weights(resumed), weights(whole), strict=True):
        torch.testing.assert_close(ours, theirs)


def adalora(**options):
    usual = {"init_r": 4, "target_r": 2, "total_step": 6, "tinit": 1, "lora_alpha": 8}
    config = AdaLoraConfig(**usual | {"target_modules": TARGETS} | options)
    model = randomised(get_peft_model(bert(), config))
    return mask_adalora(model, mask_p=0.4, n_train=2)


class Gradients(TrainerCallback):
    """Whether gradients were there at each update of the budget."""

    def __init__(self, monkeypatch) -> None:
        self.steps: list[tuple[int, bool]] = []
        update = AdaLoraModel.update_and_allocate

        def noted(tuner, step):
            grads = [w.grad for n, w in tuner.named_parameters() if "lora_E" in n]
            self.steps.append((step, all(g.abs().sum() > 0 for g in grads)))
            update(tuner, step)

        monkeypatch.setattr(AdaLoraModel, "update_and_allocate", noted)


@pytest.mark.parametrize("accumulation", [1, 2])
def test_adalora_reaches_its_budget(tmp_path, monkeypatch, accumulation) -> None:
    seen = Gradients(monkeypatch)
    model = adalora()
    LoraDropoutTrainer(
        model,
        arguments(
            tmp_path,
            max_steps=6,
            gradient_accumulation_steps=accumulation,
            optim="adamw_torch",
            learning_rate=1e-2,
        ),
        train_dataset=Rows(batch(6)),
    ).train()
    # once per optimiser step, after it, with the gradients still there
    assert seen.steps == [(step, True) for step in range(1, 7)]
    kept = [
        int((m.lora_E["default"] != 0).sum())
        for m in model.modules()
        if isinstance(m, MaskedSVDLinear)
    ]
    assert len(kept) == 10 and sum(kept) <= 20 < 40


def test_adalora_with_a_longer_schedule_than_the_training(tmp_path) -> None:
    trainer = LoraDropoutTrainer(
        adalora(total_step=9),
        arguments(tmp_path, max_steps=2),
        train_dataset=Rows(batch(4)),
    )
    with pytest.warns(UserWarning, match="only 2; set total_step=2"):
        trainer.train()


def test_deepspeed_needs_one_pass(tmp_path, monkeypatch) -> None:
    trainer = LoraDropoutTrainer(adapted(n_train=2), arguments(tmp_path))
    trainer.accelerator.state.distributed_type = "DEEPSPEED"
    try:
        with pytest.raises(ValueError, match="pass one_pass=True or n_train=1"):
            trainer._check_engine()
    finally:
        trainer.accelerator.state.distributed_type = "NO"
