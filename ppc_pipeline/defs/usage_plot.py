"""The picture of how much the API is used.

Import it where it is drawn: matplotlib takes a second, and most processes draw nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import dagster as dg
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure

from ppc_pipeline.defs.plots import picture
from ppc_pipeline.reports.usage import Usage


def usage_plot(by_day: Sequence[tuple[date, Usage]]) -> dg.MarkdownMetadataValue:
    """Draw calls and 429s of each day, over all accounts."""
    calls: dict[date, int] = defaultdict(int)
    throttled: dict[date, int] = defaultdict(int)
    for day, used in by_day:
        calls[day] += used.calls
        throttled[day] += used.throttled
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    for axes, title, counts, color in zip(
        panels, ("calls", "429s"), (calls, throttled), ("#3f7fa3", "#c9372c"), strict=True
    ):
        days = sorted(counts)
        axes.bar([float((day - date(1970, 1, 1)).days) for day in days], [counts[day] for day in days], color=color)
        axes.set_ylabel(title, fontsize=8)
        axes.tick_params(labelsize=7)
        axes.xaxis.set_major_formatter(DateFormatter("%d %b"))
    return picture(figure, "calls and 429s by day")
