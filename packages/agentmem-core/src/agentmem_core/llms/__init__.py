"""Language models behind one question, over three dialects of HTTP."""
