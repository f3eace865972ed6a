"""Benchmarks: every figure beside a named baseline, measured in turns in the same run. See docs/benchmarks.md."""
