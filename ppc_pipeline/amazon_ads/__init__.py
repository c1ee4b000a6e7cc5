"""The Amazon Ads API: auth, client, errors, models, and the declarations of report types and entities.

Nothing in here knows Dagster or a database. Facts about Amazon (paths, media types, columns, limits) stand here as
data; what is done with them stands in ``reports`` and ``entities``.
"""
