"""What answers of a language model cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict


@dataclass(frozen=True, slots=True)
class Usage:
    """What answers cost; tokens are 0 where a model does not tell."""

    # pydantic says this by itself from 2.14 on
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        json_schema_extra={"description": "What answers cost; tokens are 0 where a model does not tell."}
    )

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Those of questions and answers together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(
            self.calls + other.calls, self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens
        )
