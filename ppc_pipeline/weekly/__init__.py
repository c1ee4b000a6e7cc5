"""The weekly report: one page for people about one profile's week, as a file that opens offline and prints.

Here: which week, the questions of it (their SQL is in ``warehouse/sql/weekly``), what stands on the page, drawing and
writing it. Not here: the metrics themselves (``warehouse.metrics``), or reports in Amazon's sense (``reports``).
"""
