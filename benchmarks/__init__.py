"""How fast the pipeline stays: a benchmark a module, each run by itself (``python -m benchmarks.backfill``) or all.

Every benchmark runs the real thing (processes, a sandbox behind a port, DuckDB and SQLite on disk) and takes what it
compares with in the same run, so that a ratio says more than the machine it was taken on. Not here: tests.
"""
