"""Chroma's own default model, all-MiniLM-L6-v2 on ONNX: better for some texts, slower, downloaded once by Chroma."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from agentmem_core.errors import EmbedderError
from agentmem_core.ports import Fingerprint


class ChromaOnnxEmbedder:
    """384 dimensions. The first use downloads about 80 MB; without a network that is an ``EmbedderError``."""

    def __init__(self, model: str | None = None) -> None:
        """Cheap: the model is loaded when the first text comes."""
        if model not in {None, "", "all-MiniLM-L6-v2"}:
            raise EmbedderError(f"chroma-onnx knows only the model all-MiniLM-L6-v2, not {model!r}")
        self._lock = threading.Lock()
        self._function: Any = None

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint("chroma-onnx", "all-MiniLM-L6-v2", 384)

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> NDArray[np.float32]:
        del kind
        if not texts:
            return np.zeros((0, 384), np.float32)
        try:
            with self._lock:
                if self._function is None:
                    from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

                    self._function = ONNXMiniLM_L6_V2()
            return np.array(self._function(list(texts)), np.float32)
        except Exception as error:  # whatever the download, the runtime or the model raises
            raise EmbedderError(
                f"Chroma's ONNX model cannot be used ({error}); it is downloaded at first use, which needs a network. "
                "The default embedder needs none"
            ) from error
