"""Language models behind one question, over three dialects of HTTP."""

__all__: list[str] = []
