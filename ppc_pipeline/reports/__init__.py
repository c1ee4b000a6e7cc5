"""The life of a report: what to order, the ledger, the state machine, polling, the raw archive, completeness.

Knows the Amazon Ads client and the warehouse's loading functions; knows no Dagster.
"""
