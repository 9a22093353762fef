"""Measuring: `python -m tests.benchmarks`."""
