"""Benchmarks: each a module to run, comparing what the project does with the least that must be done."""
