"""What is now: profiles, campaigns, keywords and the rest, listed for every profile and brought into the warehouse.

Stands beside ``reports``: knows the Amazon Ads client, the roster and the warehouse; knows no Dagster.
"""
