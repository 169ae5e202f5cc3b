"""The conformance suite of ``Embedder``: inherit it and give it an embedder."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from agentmem_core.ports import Embedder

TEXTS = (
    "I moved to Lisbon in May",
    "El perro duerme",
    "我在五月搬到了里斯本",
    "東京に住んでいます",
    "👩‍👩‍👧 🇵🇹",
    "a_b-c: 12.5%\n\tnew line",
    "word " * 3_000,
    "?",
)


class EmbedderSuite:
    """What every ``Embedder`` must do."""

    @pytest.fixture
    def embedder(self) -> Embedder:
        """A fresh embedder."""
        raise NotImplementedError("override the fixture `embedder`")

    def test_one_finite_float32_row_a_text(self, embedder: Embedder) -> None:
        vectors = embedder.embed(TEXTS, kind="document")
        assert vectors.dtype == np.float32
        assert vectors.ndim == 2
        assert vectors.shape[0] == len(TEXTS)
        assert vectors.shape[1] > 0
        assert np.isfinite(vectors).all()

    def test_the_fingerprint_knows_the_dimension_after_the_first_answer(self, embedder: Embedder) -> None:
        before = embedder.fingerprint
        vectors = embedder.embed(["hello"], kind="document")
        assert embedder.fingerprint.dimension == vectors.shape[1]
        assert embedder.fingerprint.fits(before)
        assert (embedder.fingerprint.provider, embedder.fingerprint.model) == (before.provider, before.model)
        assert before.dimension in {None, vectors.shape[1]}

    def test_the_fingerprint_names_its_maker(self, embedder: Embedder) -> None:
        assert embedder.fingerprint.provider
        assert embedder.fingerprint == embedder.fingerprint

    def test_no_texts_are_no_rows(self, embedder: Embedder) -> None:
        vectors = embedder.embed([], kind="document")
        assert vectors.ndim == 2
        assert len(vectors) == 0

    def test_the_same_text_gives_the_same_vector_alone_or_among_others(self, embedder: Embedder) -> None:
        together = embedder.embed(TEXTS, kind="document")
        for number, text in enumerate(TEXTS):
            assert np.allclose(embedder.embed([text], kind="document")[0], together[number], atol=1e-4)

    def test_rows_stand_in_the_order_of_the_texts(self, embedder: Embedder) -> None:
        forward = embedder.embed(TEXTS, kind="document")
        backward = embedder.embed(TEXTS[::-1], kind="document")
        assert np.allclose(forward, backward[::-1], atol=1e-4)

    def test_queries_and_documents_live_in_one_space(self, embedder: Embedder) -> None:
        documents = embedder.embed(TEXTS[:1], kind="document")
        queries = embedder.embed(TEXTS[:1], kind="query")
        assert documents.shape == queries.shape
        assert float((documents[0] * queries[0]).sum()) > 0

    def test_other_words_give_another_vector(self, embedder: Embedder) -> None:
        one, other = embedder.embed(TEXTS[:2], kind="document")
        assert not np.allclose(one, other)

    def test_a_vector_given_out_is_the_callers_own(self, embedder: Embedder) -> None:
        first = embedder.embed(["hello"], kind="document")
        kept = first.copy()
        first[:] = 0.0
        assert np.allclose(embedder.embed(["hello"], kind="document"), kept, atol=1e-4)

    def test_several_threads_get_the_same_vectors(self, embedder: Embedder) -> None:
        expected = embedder.embed(TEXTS[:4], kind="document")
        fresh: list[bool] = []

        def ask() -> None:
            answered = embedder.embed(TEXTS[:4], kind="document")
            fresh.append(bool(np.allclose(answered, expected, atol=1e-4)))

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert fresh == [True] * 6
