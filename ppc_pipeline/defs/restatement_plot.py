"""The picture of the restatement curve.

Import it where it is drawn: matplotlib takes a second, and most processes draw nothing.
"""

from collections.abc import Sequence

import dagster as dg
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ppc_pipeline.defs.plots import picture
from ppc_pipeline.warehouse.restated import CurvePoint

MOST_LINES = 10


def restatement_plot(points: Sequence[CurvePoint]) -> dg.MarkdownMetadataValue:
    """Draw the share of the final figure that is known so many days after a day: a panel for each report type."""
    report_types = sorted({point.report_type for point in points})
    figure = Figure(figsize=(8, 2.6 * len(report_types)), layout="constrained")
    panels = np.atleast_1d(figure.subplots(len(report_types), 1, sharex=True))
    ages = sorted({point.age_days for point in points})
    for axes, report_type in zip(panels, report_types, strict=True):
        own = [point for point in points if point.report_type == report_type]
        for metric in list(dict.fromkeys(point.metric for point in own))[:MOST_LINES]:
            line = [point for point in own if point.metric == metric]
            axes.plot(
                [ages.index(point.age_days) for point in line],
                [point.share for point in line],
                marker="o",
                markersize=2.5,
                linewidth=1,
                label=metric,
            )
        axes.set_title(report_type, fontsize=8, loc="left")
        axes.set_xticks(range(len(ages)), [str(age) for age in ages])
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.tick_params(labelsize=7)
        axes.legend(fontsize=6, ncols=2)
    panels[-1].set_xlabel("days after the day", fontsize=8)
    return picture(figure, "share of the final figure")
