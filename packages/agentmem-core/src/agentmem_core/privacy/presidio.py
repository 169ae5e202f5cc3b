"""Names, places and the like by Microsoft's Presidio and a spaCy model: the extra ``privacy``."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentmem_core.errors import NotConfiguredError
from agentmem_core.settings import current

if TYPE_CHECKING:
    from agentmem_core.privacy.recognisers import Places, Recogniser

ENTITIES = {
    "person": "PERSON", "location": "LOCATION", "organization": "ORGANIZATION", "nationality": "NRP", "date": "DATE_TIME",
    "ip": "IP_ADDRESS", "url": "URL", "crypto": "CRYPTO", "licence": "MEDICAL_LICENSE", "passport": "US_PASSPORT",
    "driver": "US_DRIVER_LICENSE",
}  # fmt: skip
"""Our names of kinds that Presidio finds, and its own."""

MODELS = {"en": "en_core_web_sm", "zh": "zh_core_web_sm"}
"""The spaCy model of each language, unless ``AGENTMEM_PRESIDIO_MODEL`` names another (a package or a folder)."""

_LEAST_SCORE = 0.4


def presidio_recogniser(kind: str) -> Recogniser:
    """A recogniser of one of ``ENTITIES``; raises ``NotConfiguredError`` now where the extra or its model is missing."""
    languages = _languages()
    engine = _engine(languages, current().value("presidio_model") or "")
    entity = ENTITIES[kind]

    def recognise(text: str) -> Places:
        return [
            (found.start, found.end)
            for language in languages
            for found in engine.analyze(text, language=language, entities=[entity], score_threshold=_LEAST_SCORE)
        ]

    return recognise


def _languages() -> tuple[str, ...]:
    said = current().found("presidio_languages")
    found: tuple[str, ...] = said.value
    if not found or not set(found) <= MODELS.keys():
        raise NotConfiguredError(f"{said.where}: use {' and '.join(MODELS)}, not {', '.join(found) or 'nothing'}")
    return found


@lru_cache(maxsize=2)
def _engine(languages: tuple[str, ...], model: str) -> Any:
    """One engine a process: it holds the models in memory. Nothing is downloaded: Presidio would, if a model is missing."""
    try:
        analyzer: Any = import_module("presidio_analyzer")
        engines: Any = import_module("presidio_analyzer.nlp_engine")
        spacy: Any = import_module("spacy")
    except ImportError as error:
        raise NotConfiguredError(
            f'redact= or block=: {", ".join(sorted(ENTITIES))} need Presidio: pip install "agentmem-core[privacy]", and a spaCy model'
        ) from error
    models = [{"lang_code": language, "model_name": model or MODELS[language]} for language in languages]
    for item in models:
        if not spacy.util.is_package(item["model_name"]) and not Path(item["model_name"]).is_dir():
            raise NotConfiguredError(
                f"redact: the spaCy model {item['model_name']!r} is not installed; python -m spacy download {item['model_name']}, "
                "or name another package or folder with AGENTMEM_PRESIDIO_MODEL"
            )
    provider = engines.NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    registry = analyzer.RecognizerRegistry(supported_languages=list(languages))
    registry.load_predefined_recognizers(languages=list(languages))
    return analyzer.AnalyzerEngine(
        nlp_engine=provider.create_engine(), registry=registry, supported_languages=list(languages)
    )
