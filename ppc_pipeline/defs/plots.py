"""The pictures beside a materialization: the coverage grid, cost by day.

Import it where a picture is drawn: matplotlib takes a second, and most processes draw nothing.
"""

import base64
import io
from collections import Counter
from collections.abc import Sequence
from datetime import date

import dagster as dg
import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import ArrayLike
from PIL import Image

from ppc_pipeline.reports.completeness import COMPLETE, DayStatus, Stretch

MOST_PROFILES = 60
_COLORS_KEPT = 48

COLORS: dict[DayStatus, str] = {
    DayStatus.LOADED: "#3fa35b",
    DayStatus.OUTSTANDING: "#e8b93a",
    DayStatus.FAILED: "#c9372c",
    DayStatus.MISSING: "#d8dce3",
    DayStatus.BLOCKED: "#7a5c99",
    DayStatus.NOT_OFFERED: "#b9cbe0",
    DayStatus.NOT_OVER: "#ffffff",
    DayStatus.NOT_SERVED: "#f0f1f4",
}

_WORST_FIRST = (
    DayStatus.FAILED,
    DayStatus.OUTSTANDING,
    DayStatus.MISSING,
    DayStatus.BLOCKED,
    DayStatus.NOT_OVER,
    DayStatus.LOADED,
    DayStatus.NOT_OFFERED,
    DayStatus.NOT_SERVED,
)


def coverage_plot(found: Sequence[Stretch]) -> dg.MarkdownMetadataValue:
    """Draw the profile x date grid: for each profile a row, for each date the worst of its report types.

    Of many profiles those with the most days that are not complete: the picture is kept with the event.
    """
    order = list(COLORS)
    incomplete = Counter({(s.account, s.profile_id, s.profile_name): 0 for s in found})
    for s in found:
        incomplete[s.account, s.profile_id, s.profile_name] += len(s.days) * (s.status not in COMPLETE)
    profiles = sorted(profile for profile, _ in incomplete.most_common(MOST_PROFILES))
    drawn = {profile_id for _, profile_id, _ in profiles}
    found = [s for s in found if s.profile_id in drawn]
    dates = sorted({day for s in found for day in s.days})
    rank = {status: n for n, status in enumerate(_WORST_FIRST)}
    worst: dict[tuple[int, date], DayStatus] = {}
    for s in found:
        for day in s.days:
            key = (s.profile_id, day)
            if key not in worst or rank[s.status] < rank[worst[key]]:
                worst[key] = s.status
    grid = np.array([[order.index(worst[p[1], day]) for day in dates] for p in profiles])
    figure = Figure(figsize=(10, 1.6 + 0.28 * len(profiles)), layout="constrained")
    axes = figure.subplots()
    axes.pcolormesh(
        np.arange(len(dates) + 1),
        np.arange(len(profiles) + 1),
        grid,
        cmap=ListedColormap([COLORS[status] for status in order]),
        norm=BoundaryNorm(np.arange(len(order) + 1) - 0.5, len(order)),
        edgecolors="white",
        linewidth=0.3,
    )
    axes.set_yticks(np.arange(len(profiles)) + 0.5, [f"{p[2]} {p[1]}" for p in profiles], fontsize=7, parse_math=False)
    step = max(1, len(dates) // 12)
    axes.set_xticks(np.arange(0, len(dates), step) + 0.5, [f"{day:%d %b}" for day in dates[::step]], fontsize=7)
    axes.invert_yaxis()
    axes.legend(
        handles=[Patch(facecolor=COLORS[s], edgecolor="#999999", label=s.value) for s in order],
        ncols=len(order),
        fontsize=7,
        loc="lower left",
        bbox_to_anchor=(0, 1.01),
        frameon=False,
    )
    left_out = len(incomplete) - len(profiles)
    why = f"The {len(profiles)} profiles with the most to mend; {left_out} more are not drawn." if left_out else ""
    return picture(figure, "coverage", why)


def daily_cost_plot(rows: Sequence[tuple[date, str, object]]) -> dg.MarkdownMetadataValue:
    """Draw cost by day: (date, currency, cost) each, a panel for each currency."""
    currencies = sorted({currency for _, currency, _ in rows})
    figure = Figure(figsize=(8, 1.9 * len(currencies)), layout="constrained")
    panels = np.atleast_1d(figure.subplots(len(currencies), 1, sharex=True))
    for axes, currency in zip(panels, currencies, strict=True):
        points = [(day, float(str(cost))) for day, name, cost in rows if name == currency]
        axes.plot([day for day, _ in points], [cost for _, cost in points], marker="o", markersize=2.5, linewidth=1)
        axes.set_ylabel(f"cost, {currency}", fontsize=8)
        axes.set_ylim(bottom=0)
        axes.tick_params(labelsize=7)
        axes.xaxis.set_major_formatter(DateFormatter("%d %b"))
    return picture(figure, "cost by day")


def readable_on(color: ArrayLike) -> str:
    """Return black or white: which of the two has more contrast with a colour (red, green, blue from 0 to 1)."""
    parts = np.asarray(color, dtype=float)[:3]
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    return "black" if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else "white"


def picture(figure: Figure, title: str, note: str = "") -> dg.MarkdownMetadataValue:
    """Return a drawing as metadata that the UI shows, with a note below it.

    It is kept with the event, for good: few colours make it a third of the size.
    """
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100)
    Image.open(drawn).convert("RGB").quantize(_COLORS_KEPT).save(small, format="png", optimize=True)
    encoded = base64.b64encode(small.getvalue()).decode()
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{encoded})" + (f"\n\n{note}" if note else ""))
