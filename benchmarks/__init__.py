"""Benchmarks of agentmem-core: ``python -m benchmarks speed|recall|scale``."""
