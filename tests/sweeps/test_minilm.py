from __future__ import annotations

import numpy as np
import pytest

import minilm


@pytest.fixture(scope="module")
def model() -> minilm.MiniLM:
    return minilm.load_minilm()


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("This is an example sentence", [0.0676569, 0.0634959, 0.0487131, 0.0793050, 0.0374481]),
        ("Hello world", [-0.0344772, 0.0310232, 0.0067350, 0.0261089, -0.0393620]),
    ],
)
def test_embeddings_are_those_of_the_original_implementation(
    model: minilm.MiniLM, text: str, start: list[float]
) -> None:
    """The numbers are those that sentence-transformers computes with the same weights."""
    np.testing.assert_allclose(minilm.embed(model, [text])[0, :5], start, atol=1e-5)


def test_an_embedding_has_length_one(model: minilm.MiniLM) -> None:
    embeddings = minilm.embed(model, ["Rates rise again", "", "Ünïcode & <tags>", "word " * 1000])

    assert embeddings.shape == (4, minilm.DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)


def test_sentences_alike_in_meaning_are_nearer_than_others(model: minilm.MiniLM) -> None:
    goal, header, budget = minilm.embed(
        model,
        [
            "The striker scored twice in the final",
            "A forward's two goals won the cup",
            "The chancellor raised fuel duty",
        ],
    )

    assert goal @ header > 0.4 > goal @ budget


def test_a_text_has_one_embedding_whatever_shares_its_batch(model: minilm.MiniLM) -> None:
    texts = ["short", "a text of middling length, for once", "long " * 60, "short"]

    together = minilm.embed(model, texts, batch_size=4)

    np.testing.assert_allclose(together, np.vstack([minilm.embed(model, [text]) for text in texts]), atol=1e-5)
    np.testing.assert_allclose(together, minilm.embed(model, texts, batch_size=2), atol=1e-5)


def test_what_goes_beyond_max_tokens_does_not_count(model: minilm.MiniLM) -> None:
    start = "one two three four five six"

    cut, whole = minilm.embed(model, [f"{start} seven eight", start], max_tokens=8)

    np.testing.assert_allclose(cut, whole, atol=1e-5)


@pytest.mark.parametrize("max_tokens", [0, 2, 513])
def test_max_tokens_that_the_model_cannot_take_are_refused(model: minilm.MiniLM, max_tokens: int) -> None:
    with pytest.raises(ValueError, match=f"between 3 and 512, not {max_tokens}"):
        minilm.embed(model, ["text"], max_tokens)


def test_other_weights_are_refused(tmp_path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other weights")

    with pytest.raises(ValueError, match="does not hold the weights"):
        minilm.load_minilm(tmp_path)
