"""Dagster and nothing but: assets, checks, jobs, partitions, resources, schedules, sensors.

Bodies are short: resolve inputs, call ``ppc_pipeline.pipeline``, return metadata.
"""
