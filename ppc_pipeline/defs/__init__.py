"""Dagster and nothing but: assets, checks, jobs, partitions, resources, schedules, sensors.

Bodies are short: resolve inputs, call ``ppc_pipeline.pipeline``, return metadata.
"""

import warnings

import dagster as dg

# Backfill policies and checks by partition are marked beta and preview: relied on knowingly, with Dagster pinned.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)
