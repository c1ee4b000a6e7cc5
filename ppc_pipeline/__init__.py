"""ppc_pipeline: a Dagster project that owns a company's Amazon Ads data."""
