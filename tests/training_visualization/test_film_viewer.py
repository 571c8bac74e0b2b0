"""Film, its encoding, viewer, explorer and film strip without a browser."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from helpers import style
from helpers.training_visualization import film_encoding
from helpers.training_visualization.canvas import BAND
from helpers.training_visualization.explorer import (
    film_strip,
    region_image,
    training_explorer,
)
from helpers.training_visualization.film import Film, region_strength
from helpers.training_visualization.film_encoding import (
    EncodedFilm,
    check_film,
    decode_film,
    encode_film,
)
from helpers.training_visualization.heads import LinearHead
from helpers.training_visualization.trace import Trace
from helpers.training_visualization.viewer import TrainingViewer
from tests.training_visualization.film_samples import Regions, regions, sample_film


@pytest.fixture(scope="module")
def film() -> Film:
    return sample_film()


# -------------------------------------------------------------------- the film


def test_a_film_knows_its_sizes(film: Film) -> None:
    assert (film.train_count, film.test_count, film.count) == (60, 20, 80)
    assert film.places.shape == (3, 80, 2) and film.classes == 10
    assert film.names == [str(c) for c in range(10)]
    assert film.confidence_line(1) == (
        "neighbours 7.50 · boundary – · PPR 0.90 · accuracy 0.50"
    )


def test_only_the_maps_are_needed() -> None:
    full = sample_film(test=0)
    bare = Film(
        epochs=full.epochs,
        train_places=full.train_places,
        labels=full.labels,
        predictions=full.predictions,
        confidence=full.confidence,
        canvases=full.canvases,
    )
    assert bare.test_count == 0 and bare.confidence_line(0) == ""
    back = decode_film(check_film(bare))
    assert not {"images", "noisy", "neighbours"} & back.keys()
    assert isinstance(film_strip(bare), Figure)


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"epochs": [1, 2]}, "train_places has shape .* allowed: "),
    ({"epochs": [3, 2, 1]}, "ascending"),
    ({"labels": np.zeros(5, int)}, r"labels has shape \(5,\); allowed: \(80,\)"),
    ({"predictions": np.zeros((3, 79), int)}, "predictions has shape"),
    ({"confidence": np.full((3, 80), 1.5)}, "confidence must be from 0 to 1"),
    ({"confidence": np.full((3, 80), np.nan)}, "confidence must be from 0 to 1"),
    ({"test_places": np.zeros((2, 20, 2))}, "test_places has shape"),
    ({"train_places": np.full((3, 60, 2), np.nan)}, "finite"),
    ({"noisy": np.zeros(60, bool)}, "noisy has shape"),
    ({"neighbours": np.full((3, 80, 2), 80)}, "neighbours hold 80; allowed: 0 to 79"),
    ({"images": np.zeros((80, 4, 4))}, "images are float64"),
    ({"images": np.zeros((79, 4, 4), np.uint8)}, "images are uint8 of shape"),
    ({"labels": np.zeros(80)}, "labels must be whole numbers"),
    ({"class_names": ["a", "b"]}, "allowed: 0 to 1"),
    ({"canvases": []}, "0 canvases, but 3 epochs"),
    ({"metrics": [{}]}, "1 metrics, but 3 epochs"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), REFUSALS)
def test_films_that_do_not_fit_together(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample_film(**changes)


def test_canvases_must_be_alike(film: Film) -> None:
    first, *rest = film.canvases
    moved = dataclasses.replace(first, extent=(0, 1, 0, 1))  # type: ignore[type-var]
    small = Regions(first.classes[:5], first.margin[:5], first.extent)
    bad = Regions(first.classes, first.margin + 1, first.extent)
    far = Regions(first.classes + 9, first.margin, first.extent)
    named = [str(c) for c in range(10)]
    for other, message in (
        (moved, "epoch 1 has extent|epoch 3 has extent"),
        (small, "another size"),
        (bad, "from 0 to 1"),
        (far, "shows classes"),
    ):
        with pytest.raises(ValueError, match=message):
            sample_film(canvases=[rest[0], other, rest[1]], class_names=named)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_regions_are_white_at_the_boundary(margins: list[float]) -> None:
    margin = np.array(margins)
    strength = region_strength(margin)
    assert ((strength == 0) == (margin < BAND)).all() and strength.max() <= 0.45 + 1e-9
    if (margin >= BAND).any():
        assert strength.max() == pytest.approx(0.45)


def test_region_colours() -> None:
    canvas = Regions(np.array([[0, 1]]), np.array([[0.1, 0.8]]), (0, 1, 0, 1))
    white, second = region_image(canvas, 2)[0]
    assert white.tolist() == [1, 1, 1]
    hue = np.array([0xFF, 0xA9, 0x0E]) / 255
    np.testing.assert_allclose(second, 0.45 * hue + 0.55)


# -------------------------------------------------------------------- encoding


@settings(max_examples=25, deadline=None)
@given(
    train=st.integers(2, 40),
    test=st.integers(0, 9),
    frames=st.integers(1, 4),
    classes=st.integers(1, 12),
    seed=st.integers(0, 99),
)
def test_a_film_survives_the_wire(**sizes: int) -> None:
    film = sample_film(**sizes, near=1, resolution=4)
    encoded = check_film(film)
    json.dumps(encoded.header, allow_nan=False)
    back = decode_film(encoded)
    span = np.ptp(film.places, axis=(0, 1))
    assert (np.abs(back["places"] - film.places) <= 0.51 * span / 65_535 + 1e-12).all()
    assert (np.abs(back["confidence"] - film.confidence) <= 0.51 / 255).all()
    for t, canvas in enumerate(film.canvases):
        assert ((back["margin"][t] < BAND) == (canvas.margin < BAND)).all()
        assert np.array_equal(back["classes"][t], canvas.classes)
    for name in ("labels", "predictions", "neighbours", "noisy", "images"):
        assert np.array_equal(back[name], getattr(film, name)), name


def test_parts_are_small_and_every_image_is_in_one() -> None:
    film = sample_film(900, 100, 2, side=28, resolution=8)
    encoded = encode_film(film)
    assert max(map(len, encoded.parts)) <= 1.01 * film_encoding.PART
    blocks = len(encoded.parts) - encoded.header["film_parts"]
    rows = encoded.header["image_block"]
    assert blocks == -(-1000 // rows) and 28 * 28 * rows <= film_encoding.PART
    assert np.array_equal(decode_film(encoded)["images"], film.images)


def test_colour_images_survive() -> None:
    images = np.random.default_rng(0).integers(0, 256, (80, 4, 5, 3), dtype=np.uint8)
    film = sample_film(images=images)
    assert np.array_equal(decode_film(check_film(film))["images"], images)


def test_points_in_one_place() -> None:
    film = sample_film(
        train_places=np.ones((3, 60, 2)), test_places=np.ones((3, 20, 2))
    )
    assert (decode_film(check_film(film))["places"] == 1).all()


def test_too_many_classes_for_a_byte(film: Film) -> None:
    names = [str(c) for c in range(257)]
    with pytest.raises(ValueError, match="257 classes"):
        encode_film(dataclasses.replace(film, class_names=names))


# -------------------------------------------------------------- viewer, explorer


class Wire:
    """Stands in for the browser: talks to a widget, keeps what it sends."""

    def __init__(self, widget: TrainingViewer) -> None:
        self.widget = widget
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        widget.send = self._send  # type: ignore[method-assign]

    def _send(self, content: dict[str, Any], buffers: Any = None) -> None:
        json.dumps(content, allow_nan=False)
        self.sent.append((content, list(buffers or [])))

    def say(self, **content: Any) -> tuple[dict[str, Any], list[bytes]]:
        self.widget._receive(None, content, [])
        return self.sent[-1]


def test_nothing_is_encoded_without_a_front_end(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(film: Film) -> EncodedFilm:
        raise AssertionError("encoded")

    monkeypatch.setattr("helpers.training_visualization.viewer.encode_film", refuse)
    viewer = TrainingViewer(film, frame=2, selected=79)
    assert (viewer.frame, viewer.selected) == (2, 79)


def test_a_front_end_gets_the_film_part_by_part(film: Film) -> None:
    wire = Wire(TrainingViewer(film))
    start, buffers = wire.say(type="ready", view="a")
    assert start["type"] == "film" and start["view"] == "a" and not buffers
    parts = []
    for index in range(start["parts"]):
        answer, buffers = wire.say(type="part", view="b", index=index)
        assert (answer["view"], answer["index"]) == ("b", index)
        parts += buffers
    back = decode_film(EncodedFilm(start["header"], parts))
    assert np.array_equal(back["images"], film.images)
    assert np.array_equal(back["predictions"], film.predictions)


@pytest.mark.parametrize("start", [{"frame": 3}, {"selected": 80}])
def test_nothing_to_begin_with(film: Film, start: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="allowed: up to"):
        TrainingViewer(film, **start)


def test_headless_checks_and_shows_a_note(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.setenv("CURRICULUM_HEADLESS", "1")
    monkeypatch.setattr(
        "helpers.training_visualization.viewer.TrainingViewer.__init__",
        lambda *_, **__: pytest.fail("a widget was made"),
    )
    training_explorer(film)
    assert ["Interactive in JupyterLab" in note.data for note in shown] == [True]

    right = film_encoding.decode_film

    def forgetful(encoded: EncodedFilm) -> dict[str, np.ndarray]:
        found = right(encoded)
        return found | {"places": found["places"] + [[[0.0]], [[0.1]], [[0.0]]]}

    monkeypatch.setattr(film_encoding, "decode_film", forgetful)
    with pytest.raises(ValueError, match="places of epoch 3 did not survive"):
        training_explorer(film)


def test_with_a_front_end_it_shows_a_viewer(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CURRICULUM_HEADLESS", raising=False)
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    training_explorer(film, frame=1)
    assert isinstance(shown[0], TrainingViewer) and shown[0].frame == 1


def test_viewing_needs_no_torch() -> None:
    code = (
        "import sys, helpers.training_visualization.explorer;"
        "assert not {'torch', 'matplotlib', 'umap'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ------------------------------------------------------------------- from a model


class FlatModel:
    """Projects on the first two features, and back with zeros."""

    def transform(self, x: np.ndarray, epoch: int) -> np.ndarray:
        return x[:, :2] * epoch

    def inverse_transform(self, z: np.ndarray, epoch: int) -> np.ndarray:
        return np.pad(z / epoch, ((0, 0), (0, 1)))

    def decision_canvas(
        self, epoch: int, resolution: int = 160, extent: Any = None
    ) -> Regions:
        return regions(np.eye(3)[:, :2] * epoch, resolution, extent)


def flat_trace(test: bool = True) -> Trace:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 50, 3)).astype(np.float32)
    head = LinearHead(np.eye(3), np.zeros(3))
    y, split = rng.integers(0, 3, 50), 40
    extra = {"test": x[:, split:], "y_test": y[split:]} if test else {}
    edges = tuple(rng.normal(size=(count, 3)) for count in (20, 20, 3))
    return Trace(
        (1, 2, 5), x[:, :split], (head,) * 3, y[:split], boundary=edges, **extra
    )


def test_a_film_of_a_model() -> None:
    trace = flat_trace()
    images = np.arange(40 * 4, dtype=np.uint8).reshape(40, 2, 2)
    flags = trace.y == 0
    film = Film.from_model(
        FlatModel(), trace, images=images, test_images=images[:10], noisy=flags,
        neighbours=4, resolution=9, class_names=["a", "b", "c"],
    )  # fmt: skip
    assert (film.train_count, film.test_count) == (40, 10)
    np.testing.assert_allclose(film.places[2, :40], 5 * trace.train[2, :, :2])
    np.testing.assert_allclose(film.places[2, 40:], 5 * trace.test[2, :, :2])
    assert film.noisy is not None and np.array_equal(film.noisy[:40], flags)
    assert not film.noisy[40:].any()
    assert np.array_equal(film.predictions[:, :40], trace.predictions)
    np.testing.assert_allclose(film.confidence[:, :40], trace.confidence)
    x0, x1, y0, y1 = film.canvases[0].extent
    inside = (film.places > [x0, y0]) & (film.places < [x1, y1])
    assert inside.all() and x1 - x0 == pytest.approx(y1 - y0)
    high = np.concatenate([trace.train[1], trace.test[1]])
    far = np.linalg.norm(high[:, None] - high[None], axis=2)
    assert film.neighbours is not None
    assert np.array_equal(film.neighbours[1], far.argsort(axis=1)[:, 1:5])
    first, last = film.metrics[0], film.metrics[2]
    assert list(first) == ["neighbours", "boundary", "PPR", "accuracy"]
    assert "boundary" not in last  # three boundary points are too few
    kept = FlatModel().inverse_transform(film.train_places[0], 1).argmax(axis=1)
    assert first["PPR"] == pytest.approx((kept == trace.predictions[0]).mean())
    check_film(film)


def test_a_film_without_test_samples() -> None:
    film = Film.from_model(
        FlatModel(), flat_trace(test=False), neighbours=0, resolution=5, metrics=()
    )
    assert film.count == 40 and film.neighbours is None and film.metrics == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": np.zeros((40, 2, 2), np.uint8)}, "no test_images"),
        ({"test_images": np.zeros((10, 2, 2), np.uint8)}, "test_images need images"),
        ({"noisy": np.zeros(50, bool)}, "50 noisy flags for 40"),
    ],
)
def test_a_model_that_fits_badly(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Film.from_model(FlatModel(), flat_trace(), **options)


# ------------------------------------------------------------------- film strip


def svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg")
    return buffer.getvalue()


def test_film_strip_draws_every_epoch(film: Film) -> None:
    figure = film_strip(film)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["epoch 1", "epoch 3", "epoch 5"]
    assert figure.axes[0].get_xlabel().startswith("neighbours 6.50 · boundary –\nPPR")
    image = figure.axes[1].get_images()[0]
    assert image.origin == "lower"
    np.testing.assert_allclose(
        image.get_array(), region_image(film.canvases[1], film.classes)
    )
    drawn = sum(len(c.get_offsets()) for c in figure.axes[1].collections)
    wrong = (film.predictions[1] != film.labels).sum()
    assert drawn == film.count + wrong
    assert [a.get_title() for a in film_strip(film, [5]).axes] == ["epoch 5"]
    with pytest.raises(ValueError, match=re.escape("allowed: [1, 3, 5]")):
        film_strip(film, [2])


def test_film_strip_of_many_points_stays_small() -> None:
    style.use()
    many = sample_film(1600, 400, 7, resolution=160, near=1)
    figure = film_strip(many)
    assert len(figure.axes) == 6
    assert len(svg(figure)) < 400_000
