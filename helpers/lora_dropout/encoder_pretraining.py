"""A small BERT encoder trained here, for machines without the pretrained one.

It learns from the sentences of `docstrings` and `opinions` without their labels, in
half a minute on one core: word embeddings by factorising co-occurrence counts (positive
pointwise mutual information), then all weights by masked-language modelling. Half a
minute of the latter alone is no better than random weights.

It has seen no other text, so it knows the docstrings' words well and those of the
opinions poorly. Every experiment of the chapter runs on it, with other numbers.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy import sparse
from sklearn.utils.extmath import randomized_svd
from torch import Tensor, nn
from transformers import BertConfig, BertModel, BertTokenizer

from helpers.cache import stage
from helpers.lora_dropout.docstrings import docstring_sentences
from helpers.lora_dropout.encoder import Encoder
from helpers.lora_dropout.opinions import opinions
from helpers.progress import progress_bar
from helpers.seeding import seeded
from helpers.torch_threads import single_thread

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
VOCABULARY = 6000
STEPS = 250
BATCH = 64
MASKED = 0.15  # share of tokens to be guessed, as in BERT
_TOKENS = 32
_WINDOW = 8  # tokens to either side that count as neighbours
_WIDTH = 128
_RATE = 1e-3


def vocabulary(texts: Iterable[str], size: int) -> list[str]:
    """WordPiece vocabulary: characters, the most frequent words and word endings.

    Unlike a trained one it is the same on every machine. Ties go by the alphabet; of
    what the characters leave, a fifth are endings.

    Examples
    --------
    >>> vocabulary(["to go", "to do"], 14)[5:]
    ['d', '##d', 'g', '##g', 'o', '##o', 't', '##t', 'to']
    """
    words = Counter(word for text in texts for word in _words(text))
    letters = sorted({letter for word in words for letter in word})
    found = [*SPECIAL, *(mark + c for c in letters for mark in ("", "##"))]
    endings: Counter[str] = Counter()
    for word, count in words.items():
        for length in range(2, min(7, len(word))):
            endings["##" + word[-length:]] += count
    ranked, pieces = (
        sorted((w for w in counts if w not in found), key=lambda w: (-counts[w], w))
        for counts in (words, endings)
    )
    left = max(0, size - len(found))
    few = pieces[: left // 5]
    return [*found, *ranked[: left - len(few)], *few]


def _words(text: str) -> list[str]:
    """Lower-case words and punctuation marks, as BERT's tokenizer divides them."""
    spaced = "".join(c if c.isalnum() or c.isspace() else f" {c} " for c in text)
    return spaced.lower().split()


def tokenizer(words: list[str]) -> BertTokenizer:
    """BERT's tokenizer with the given vocabulary."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocab.txt"
        path.write_text("\n".join(words), encoding="utf-8")
        return BertTokenizer(str(path), model_max_length=2 * _TOKENS)


def word_vectors(rows: Sequence[Sequence[int]], size: int, width: int) -> np.ndarray:
    r"""Embeddings of tokens from what stands beside them, shape (size, width).

    The leading singular vectors, times the roots of their values, of

    .. math:: \max(0, \log (n_{ij} \sum_k n_k^{3/4} / (n_i n_j^{3/4})))

    with n_ij the times that tokens i and j are at most `_WINDOW` places apart.

    Parameters
    ----------
    rows : sequence of sequences of int
        Token numbers of each text, the special ones left out.
    size : int
        Of the vocabulary.
    width : int
        Below ``size``.
    """
    texts = [np.asarray(row, dtype=np.int64) for row in rows]
    left, right = (
        np.concatenate(
            [
                row[:-apart] if side == 0 else row[apart:]
                for row in texts
                for apart in range(1, min(_WINDOW, len(row) - 1) + 1)
            ]
        )
        for side in range(2)
    )
    counts = sparse.coo_matrix((np.ones(len(left)), (left, right)), (size, size))
    counts = (counts + counts.T).tocoo()
    each = np.asarray(counts.sum(axis=0)).ravel()
    # the power lifts rare neighbours, whose information would be overrated
    smooth = each**0.75 / (each**0.75).sum()
    value = np.log(counts.data / (each[counts.row] * smooth[counts.col]))
    counts.data = np.maximum(value, 0)
    u, s, _ = randomized_svd(counts.tocsr(), width, random_state=0)
    return u * np.sqrt(s)


def network(words: int) -> BertModel:
    """An untrained encoder of 3 layers and width 128."""
    config = BertConfig(
        vocab_size=words,
        hidden_size=_WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=512,
        max_position_embeddings=2 * _TOKENS,
    )
    return BertModel(config, add_pooling_layer=False)


def masked_loss(model: BertModel, ids: Tensor, draw: torch.Generator) -> Tensor:
    """Cross entropy of guessing hidden tokens; the output layer is the embedding.

    Parameters
    ----------
    ids : Tensor
        Padded token numbers, shape (n, t).
    draw : torch.Generator
        Which tokens are hidden, `MASKED` of those that are no special token; 8 of 10
        of them become [MASK], one a random token, and one stays.
    """
    hidden = ids >= len(SPECIAL)
    hidden &= torch.rand(ids.shape, generator=draw) < MASKED
    lot = torch.rand(ids.shape, generator=draw)
    size = model.config.vocab_size
    other = torch.randint(len(SPECIAL), size, ids.shape, generator=draw)
    shown = torch.where(hidden & (lot < 0.8), SPECIAL.index("[MASK]"), ids)
    shown = torch.where(hidden & (lot > 0.9), other, shown)
    states = model(input_ids=shown, attention_mask=(ids != 0).long())
    # only the hidden positions meet the vocabulary: most of the cost otherwise
    logits = (
        states.last_hidden_state[hidden] @ model.embeddings.word_embeddings.weight.T
    )
    return nn.functional.cross_entropy(logits, ids[hidden])


def pretrained(
    texts: Sequence[str], size: int, steps: int, seed: int
) -> tuple[list[str], dict[str, np.ndarray], list[float]]:
    """Vocabulary, weights and the loss of every step.

    Parameters
    ----------
    texts : sequence of str
    size : int
        Largest vocabulary.
    steps : int
        Batches of `BATCH` sentences.
    seed : int
        Of weights, order and hidden tokens.
    """
    words = vocabulary(texts, size)
    coded = tokenizer(words)(list(texts), truncation=True, max_length=_TOKENS)
    rows = [torch.tensor(row) for row in coded["input_ids"]]
    draw = torch.Generator().manual_seed(seed)
    losses = []
    with seeded(seed), single_thread():
        model = network(len(words)).train()
        vectors = word_vectors(
            [row[1:-1] for row in coded["input_ids"]], len(words), _WIDTH
        )
        # five times the positions' initial size: the words carry the meaning
        model.embeddings.word_embeddings.weight.data = torch.tensor(
            vectors * (0.1 / vectors.std()), dtype=torch.float32
        )
        optimiser = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0.01)
        rate = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, _RATE, total_steps=steps + 1, pct_start=0.1
        )
        for step in progress_bar(range(steps), desc="small encoder"):
            # sentences of one length share a batch, so that little is padding
            order = torch.randperm(len(rows), generator=draw)[: 8 * BATCH]
            drawn = sorted(order.tolist(), key=lambda i: len(rows[i]))
            batch = drawn[(step % 8) * BATCH :][:BATCH]
            ids = nn.utils.rnn.pad_sequence([rows[i] for i in batch], True)
            loss = masked_loss(model, ids, draw)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            rate.step()
            losses.append(loss.item())
    weights = {name: part.numpy() for name, part in model.state_dict().items()}
    return words, weights, losses


@stage
def _pretrained_on_corpus(
    digest: str, steps: int, seed: int
) -> tuple[list[str], dict[str, np.ndarray], list[float]]:
    """`pretrained` on the chapter's texts; the digest is a part of the cache's key."""
    texts = [*docstring_sentences().texts, *opinions(4000, seed=seed).train.texts]
    return pretrained(texts, VOCABULARY, steps, seed)


def small_encoder(*, steps: int = STEPS, seed: int = 0) -> Encoder:
    """The small encoder; trained on the first call, then kept on disk."""
    digest = docstring_sentences().digest
    words, weights, _ = _pretrained_on_corpus(digest, steps, seed)
    model = network(len(words))
    model.load_state_dict({name: torch.tensor(part) for name, part in weights.items()})
    found = hashlib.sha256()
    for name, part in sorted(weights.items()):
        found.update(name.encode() + part.tobytes())
    name = "small BERT, trained here"
    return Encoder(name, model.eval(), tokenizer(words), found.hexdigest())
