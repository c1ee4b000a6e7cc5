"""The warehouse in DuckDB: connections, tables, loading with quarantine, histories, metrics in SQL.

Knows no Dagster and no HTTP, and nothing of Amazon but what its callers declare as tables.
"""
