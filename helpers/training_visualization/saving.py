"""A fitted `estimator.DVI` as one file: arrays and a JSON header, no code objects.

A NumPy archive (.npz) that is read without pickle, so that a file from elsewhere
cannot run anything. Heads are stored where they are linear; any other head is code
and has to be passed again when the file is read.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from helpers.paths import write_atomic
from helpers.training_visualization import checks
from helpers.training_visualization.checkpoint_map import CheckpointMap, new_network
from helpers.training_visualization.heads import Head, LinearHead, frozen

if TYPE_CHECKING:
    from helpers.training_visualization.estimator import DVI

Estimator = TypeVar("Estimator", bound="DVI")

FORMAT = "dvi 1"
PER_CHECKPOINT = ("boundary_", "places_", "boundary_places_", "losses_", "rates_")


def save(dvi: DVI, path: str | Path) -> None:
    """Write a fitted estimator; a reader never sees half a file."""
    header: dict[str, Any] = {
        "format": FORMAT,
        "parameters": dvi.get_params(),
        "epochs_": dvi.epochs_,
        "n_features_in_": dvi.n_features_in_,
        "n_samples_": dvi.n_samples_,
        "fit_seconds_": dvi.fit_seconds_,
        "scales": [one.scale for one in dvi._maps],
        "heads": [_kind(one.head) for one in dvi._maps],
    }
    arrays = {"last_x": dvi._last_x}
    for name in PER_CHECKPOINT:
        for t, values in enumerate(getattr(dvi, name)):
            arrays[f"{name}/{t}"] = values
    for t, one in enumerate(dvi._maps):
        for name, values in one.network.state_dict().items():
            arrays[f"network/{t}/{name}"] = values.numpy()
        if isinstance(one.head, LinearHead):
            arrays[f"head/{t}/weight"] = one.head.weight
            arrays[f"head/{t}/bias"] = one.head.bias
    arrays["header"] = np.array(json.dumps(header, default=_plain))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_atomic(Path(path), buffer.getvalue())


def load(
    kind: type[Estimator], path: str | Path, head: Head | Sequence[Head] | None = None
) -> Estimator:
    """Read what `save` wrote.

    Raises
    ------
    ValueError
        If the file is not a saved estimator, or a head is not in it and not passed.
    FileNotFoundError
        If there is no such file.
    """
    arrays = _arrays(Path(path))
    header = json.loads(str(arrays["header"]))
    parameters = header["parameters"] | {
        "hidden": tuple(header["parameters"]["hidden"])
    }
    dvi = kind().set_params(**parameters)
    dvi._start()
    dvi.epochs_ = header["epochs_"]
    dvi.n_features_in_ = header["n_features_in_"]
    dvi.n_samples_ = header["n_samples_"]
    dvi.fit_seconds_ = header["fit_seconds_"]
    dvi._last_x = arrays["last_x"]
    count = len(dvi.epochs_)
    for name in PER_CHECKPOINT:
        length = count - (name == "rates_")
        setattr(dvi, name, [arrays[f"{name}/{t}"] for t in range(length)])
    passed = checks.per_checkpoint(head, count, "head")
    for t, stored in enumerate(header["heads"]):
        one: Head | None = None if passed[t] is None else frozen(passed[t])
        if one is None and stored == "linear":
            one = LinearHead(arrays[f"head/{t}/weight"], arrays[f"head/{t}/bias"])
        elif one is None and stored == "other":
            raise ValueError(
                f"the head of epoch {dvi.epochs_[t]} is not linear and so not in the "
                "file; pass head= as to fit"
            )
        network = new_network(dvi.n_features_in_, dvi.hidden, dvi.random_state)
        start = f"network/{t}/"
        network.load_state_dict(
            {
                name[len(start) :]: torch.from_numpy(values)
                for name, values in arrays.items()
                if name.startswith(start)
            }
        )
        dvi._maps.append(CheckpointMap(network.eval(), header["scales"][t], one))
    return dvi


def _arrays(path: Path) -> dict[str, np.ndarray]:
    wrong = ValueError(f"{path} is not a map saved by DVI.save")
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        if json.loads(str(arrays["header"]))["format"] != FORMAT:
            raise wrong
    except (ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
        raise wrong from error
    except zipfile.BadZipFile as error:
        raise wrong from error
    return arrays


def _kind(head: Head | None) -> str:
    if head is None:
        return "none"
    return "linear" if isinstance(head, LinearHead) else "other"


def _plain(value: Any) -> Any:
    """NumPy numbers in the parameters, as JSON knows them."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} is not a number, text or list that a file can hold")
