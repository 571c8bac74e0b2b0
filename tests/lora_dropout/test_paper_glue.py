"""GLUE runs: a real training of each method, stopped and gone on with."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import torch
from transformers import TrainerCallback

from helpers.lora_dropout.encoder import Encoder
from helpers.lora_dropout.glue import GlueSplit, GlueTask
from helpers.lora_dropout.paper_glue import (
    GlueResult,
    classifier,
    fine_tune_glue,
    scored,
)
from helpers.lora_dropout.paper_recipes import METHODS, Adaptation, paper_recipe
from helpers.lora_dropout.paper_training import last_checkpoint
from tests.lora_dropout.paper_models import (
    QUICK,
    WORDS,
    StopAt,
    saved_model,
    tokenizer,
)

RTE = paper_recipe("RTE").shortened(**QUICK)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {kind: saved_model(folder / kind, kind) for kind in ("bert", "deberta")}


def task(name="RTE", train=24, dev=10) -> GlueTask:
    """Texts whose first word decides the label."""
    draw = random.Random(0)

    def split(n):
        pairs = [
            (" ".join(draw.choices(WORDS, k=4)), " ".join(draw.choices(WORDS, k=3)))
            for _ in range(n)
        ]
        labels = [WORDS.index(a.split()[0]) % 2 for a, _ in pairs]
        kind = np.float64 if name == "STS-B" else np.int64
        return GlueSplit(tuple(pairs), np.array(labels, kind))

    classes = () if name == "STS-B" else ("entailment", "not_entailment")
    metric = "correlation" if name == "STS-B" else "accuracy"
    return GlueTask(name, classes, metric, split(train), split(dev))


def run(work, model, method="LoRA + LoRA Dropout", **options) -> GlueResult:
    usual = {"recipe": RTE, "progress": False, "device": "cpu"}
    chosen = Adaptation(method, rank=2, instances=2, members=3)
    return fine_tune_glue(task(), chosen, work=work, model=model, **usual | options)


class Loss(TrainerCallback):
    """Keeps the loss that every evaluation found."""

    def __init__(self):
        self.found = {}

    def on_evaluate(self, args, state, control, metrics=None, **kwargs):
        self.found[state.global_step] = metrics["eval_loss"]


@pytest.mark.parametrize("method", METHODS)
def test_stopped_and_resumed_is_as_never_stopped(tmp_path, models, method):
    """AdaLoRA is stopped in the middle of its pruning."""
    straight, first, second = Loss(), Loss(), Loss()
    whole = run(tmp_path / "a", models["bert"], method, callbacks=[straight])
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "b", models["bert"], method, callbacks=[StopAt(3), first])
    resumed = run(tmp_path / "b", models["bert"], method, callbacks=[second])
    assert first.found.keys() == {2} and second.found.keys() == {4, 6}
    assert first.found | second.found == straight.found
    assert len(set(straight.found.values())) == 3  # the training changes something
    assert resumed.mean == whole.mean and resumed.ensemble == whole.ensemble
    assert (whole.ensemble is not None) == method.endswith("Dropout")
    assert (resumed.best_step, resumed.steps) == (whole.best_step, 6)


@pytest.mark.parametrize("method", ["Full fine-tuning", "LoRA", "AdaLoRA"])
def test_the_best_checkpoint_is_scored(tmp_path, models, method, monkeypatch):
    accuracies, losses = iter([0.1, 0.9, 0.2]), []

    def metrics(name, found):
        logits = torch.tensor(found.predictions), torch.tensor(found.label_ids)
        losses.append(float(torch.nn.functional.cross_entropy(*logits)))
        return {"accuracy": next(accuracies)}

    monkeypatch.setattr("helpers.lora_dropout.paper_glue._metrics", metrics)
    monkeypatch.setattr(type(RTE), "rate_of", lambda *args: 0.01)
    found = run(tmp_path, models["bert"], method)
    assert found.best_step == 4
    assert found.mean.nll == pytest.approx(losses[1], abs=1e-5)
    assert found.mean.nll != pytest.approx(losses[2], abs=1e-4)


def test_adalora_resumes_after_its_last_pruning(tmp_path, models):
    losses = Loss(), Loss(), Loss()
    options = {"recipe": RTE.shortened(initial=10, final=40)}
    args = models["bert"], "AdaLoRA + LoRA Dropout"
    run(tmp_path / "a", *args, callbacks=[losses[0]], **options)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "b", *args, callbacks=[StopAt(5), losses[1]], **options)
    run(tmp_path / "b", *args, callbacks=[losses[2]], **options)
    assert losses[1].found | losses[2].found == losses[0].found
    kept = torch.load(
        last_checkpoint(tmp_path / "b/checkpoints") / "adalora.pt", weights_only=True
    )
    lambdas = [w for name, w in kept["weights"].items() if "lora_E" in name]
    assert sum(int((w != 0).sum()) for w in lambdas) <= 2 * len(lambdas)


def test_deberta_has_one_subnetwork_per_pass(tmp_path, models, monkeypatch):
    """Its query matrix sees tokens and relative positions: with the same mask."""
    from helpers.lora_dropout import masks, variant

    seen, plain = [], masks.add_masked_update

    def watched(base, x, a, b, input_mask, output_mask, *rest):
        if torch.is_grad_enabled():
            seen.append((id(a), input_mask.clone()))
        return plain(base, x, a, b, input_mask, output_mask, *rest)

    monkeypatch.setattr(variant, "add_masked_update", watched)
    found = run(tmp_path, models["deberta"], recipe=RTE.shortened(evaluate_every=6))
    assert 0 <= found.ensemble.value <= 1 and found.steps == 6
    factors = 2 * 6
    again = 2 * 2  # query and key of two layers run twice
    passes = [seen[i : i + factors + again] for i in range(0, len(seen), 16)]
    assert len(passes) == 6 * 2 and len(seen) == 12 * 16
    for one in passes:
        masks_of = {}
        for factor, mask in one:
            assert torch.equal(masks_of.setdefault(factor, mask), mask)
        assert len(masks_of) == factors
    firsts = torch.cat([one[0][1] for one in passes])
    assert len(firsts.unique(dim=0)) > 6


def test_a_finished_run_is_read_and_another_one_refused(tmp_path, models):
    found = run(tmp_path, models["bert"], "BitFit")
    file = tmp_path / "result.json"
    assert GlueResult.from_dict(json.loads(file.read_text())) == found
    file.write_text(file.read_text().replace('"seed": 0', '"seed": 77'))
    assert run(tmp_path, models["bert"], "BitFit").seed == 77  # not trained again
    with pytest.raises(ValueError, match="seed = 0, not 1"):
        run(tmp_path, models["bert"], "BitFit", seed=1)


def test_seconds_of_both_sessions_are_added(tmp_path, models):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, models["bert"], callbacks=[StopAt(3)])
    state = last_checkpoint(tmp_path / "checkpoints") / "trainer_state.json"
    kept = json.loads(state.read_text())
    kept["log_history"][-1]["seconds"] = 1000.0
    state.write_text(json.dumps(kept))
    assert 1000 < run(tmp_path, models["bert"]).seconds < 1100


def test_a_checkpoint_cut_short_is_passed_over(tmp_path):
    for step, whole in ((8, True), (10, True), (12, False)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if whole:
            (folder / "trainer_state.json").touch()
    assert last_checkpoint(tmp_path).name == "checkpoint-10"
    assert last_checkpoint(tmp_path / "nothing") is None


def test_global_generators_are_given_back(tmp_path, models):
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    random.seed(5)
    before = torch.get_rng_state(), random.getstate()
    number = np.random.get_state()[1].copy()  # noqa: NPY002
    run(tmp_path, models["bert"])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert (np.random.get_state()[1] == number).all()  # noqa: NPY002


def test_regression_has_scores_but_no_calibration(tmp_path, models):
    found = fine_tune_glue(
        task("STS-B"),
        Adaptation(rank=2, instances=1, members=2),
        work=tmp_path,
        model=models["bert"],
        recipe=paper_recipe("STS-B").shortened(**QUICK),
        progress=False,
    )
    assert found.mean.scores.keys() == {"correlation", "pearson", "spearman"}
    assert found.ensemble.ece is None and found.ensemble.nll is None


def test_the_local_encoder_is_a_classifiers_body(models, tmp_path):
    from transformers import BertModel

    body = BertModel.from_pretrained(models["bert"]).eval()
    encoder = Encoder("tiny", body, tokenizer(tmp_path), "")
    network, _ = classifier(encoder, task(), RTE)
    assert network.config.classifier_dropout == RTE.head_dropout
    ids = torch.tensor([[2, 7, 8, 3]])
    with torch.no_grad():
        found = network.eval().bert(ids).pooler_output
        torch.testing.assert_close(found, body(ids).pooler_output)
        logits = network(ids).logits
        assert torch.allclose(logits, network.classifier(found))


def test_the_installed_encoder_on_a_local_folder(tmp_path):
    from helpers.lora_dropout.encoder import load_encoder

    try:
        encoder = load_encoder(fallback=False)
    except ModuleNotFoundError:
        pytest.skip("the encoder's package is not installed")
    (tmp_path / "RTE").mkdir()
    rows = [f"{i}\tA fox ran.\tIt {w}." for i, w in enumerate(["ran", "sat"] * 4)]
    lines = [f"{row}\t{['', 'not_'][i % 2]}entailment" for i, row in enumerate(rows)]
    for file in ("train.tsv", "dev.tsv"):
        text = "\n".join(["index\tsentence1\tsentence2\tlabel", *lines])
        (tmp_path / "RTE" / file).write_text(text)
    found = fine_tune_glue(
        "rte",
        Adaptation(instances=1, members=2),
        work=tmp_path / "run",
        model=encoder,
        folder=tmp_path,
        recipe=RTE,
        device="cpu",
        progress=False,
    )
    assert (found.model, found.steps) == ("all-MiniLM-L6-v2", 2)
    width, inner, layers = 384, 1536, 6
    lora = 8 * layers * (4 * 2 * width + 2 * (width + inner))
    assert found.parameters == lora + (width + 1) * (width + 2)  # pooler and head


def test_an_unreadable_tokenizer_says_what_to_install(models, monkeypatch):
    def fail(model):
        raise ValueError("`tiktoken` is required")

    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", fail)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="sentencepiece"):
        classifier(models["deberta"], task(), RTE)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    with pytest.raises(ValueError, match="tiktoken"):
        classifier(models["deberta"], task(), RTE)


def test_scores_by_hand():
    split = GlueSplit(("x", "y"), np.array([0, 1]))
    name = GlueTask("RTE", ("a", "b"), "accuracy", split, split)
    members = torch.log(torch.tensor([[[0.9, 0.1]] * 2, [[0.5, 0.5]] * 2]))
    found = scored(name, members, "prob")
    assert found.value == 0.5
    assert found.nll == pytest.approx(-(np.log(0.7) + np.log(0.3)) / 2)
    assert found.ece == pytest.approx(0.2)


def test_bad_names_before_any_work(tmp_path, models):
    with pytest.raises(ValueError, match="did you mean 'bf16'"):
        run(tmp_path, models["bert"], precision="fp16x")
    with pytest.raises(ValueError, match="did you mean 'cuda'"):
        run(tmp_path, models["bert"], device="cuda0")
    with pytest.raises(ValueError, match="did you mean 'MRPC'"):
        fine_tune_glue("MRCP", Adaptation(), work=tmp_path)
    assert not list(tmp_path.iterdir())


def test_bfloat16_on_a_cpu(tmp_path, models):
    found = run(tmp_path, models["bert"], precision="bf16")
    assert found.precision == "bf16" and np.isfinite(found.ensemble.nll)
