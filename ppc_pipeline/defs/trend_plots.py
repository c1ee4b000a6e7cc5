"""The pictures of how profiles go: cost, sales and ACoS by day, and the heat map of weekdays.

Import it where they are drawn: matplotlib takes a second, and most processes draw nothing.
"""

from collections.abc import Sequence

import dagster as dg
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
from matplotlib.figure import Figure

from ppc_pipeline.defs.plots import picture, readable_on
from ppc_pipeline.warehouse.trends import TrendDay, WeekdayIndex

MOST_PANELS = 9
MOST_ROWS = 40

_COLUMNS = 3
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def trends_plot(days: Sequence[TrendDay]) -> dg.MarkdownMetadataValue:
    """Draw cost, sales and ACoS by day: a panel for each profile and currency."""
    places = sorted({day.place for day in days})
    rows = -(-len(places) // _COLUMNS)
    figure = Figure(figsize=(10, 0.3 + 1.5 * rows), layout="constrained")
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, place in zip(panels, places, strict=False):
        _panel(axes, [day for day in days if day.place == place])
    for axes in panels[len(places) :]:
        axes.set_visible(False)
    left = "cost and sales on the left, ACoS in percent (dotted) on the right"
    figure.suptitle(f"blue: sales, orange: cost; {left}", fontsize=8)
    return picture(figure, "cost, sales and ACoS by day", _left_out(days, len(places)))


def _panel(axes: Axes, days: Sequence[TrendDay]) -> None:
    first, dates = days[0], date2num([day.date for day in days])
    for name, color in (("sales", "#1f6f8b"), ("cost", "#c2571a")):
        axes.plot(dates, [_number(getattr(day, name)) for day in days], color=color, linewidth=1.1)
    rates = axes.twinx()
    rates.plot(dates, [_number(day.acos_percent) for day in days], color="#5b4a8a", linewidth=0.8, linestyle=":")
    # Names come from outside: a dollar sign in one is no formula.
    axes.set_title(f"{first.profile}, {first.currency_code}", fontsize=7.5, loc="left", parse_math=False)
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=1, maxticks=5))
    axes.xaxis.set_major_formatter(DateFormatter("%d %b"))
    for one in (axes, rates):
        one.set_ylim(bottom=0)
        one.tick_params(labelsize=6.5)


def weekdays_plot(indices: Sequence[WeekdayIndex]) -> dg.MarkdownMetadataValue:
    """Draw how the sales of weekdays differ from the mean day: a row for each profile and ad product."""
    places = sorted({index.place for index in indices})
    grid = np.full((len(places), len(_WEEKDAYS)), np.nan)
    names = {}
    for index in indices:
        names[index.place] = f"{index.profile}, {_short(index.ad_product)}, {index.currency_code}"
        if index.sales_index is not None:
            grid[places.index(index.place), index.weekday - 1] = index.sales_index
    figure = Figure(figsize=(8, 0.9 + 0.3 * len(places)), layout="constrained")
    axes = figure.subplots()
    mesh = axes.imshow(grid, cmap="RdBu_r", vmin=0.5, vmax=1.5, aspect="auto")
    for (row, column), value in np.ndenumerate(grid):
        if not np.isnan(value):
            color = readable_on(mesh.to_rgba(value))
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7, color=color)
    axes.set_xticks(range(len(_WEEKDAYS)), _WEEKDAYS, fontsize=7)
    axes.set_yticks(range(len(places)), [names[place] for place in places], fontsize=7, parse_math=False)
    figure.colorbar(mesh, ax=axes, label="sales, 1: average day").ax.tick_params(labelsize=7)
    return picture(figure, "sales by weekday", _left_out(indices, len(places)))


def _left_out(found: Sequence[TrendDay] | Sequence[WeekdayIndex], drawn: int) -> str:
    more = found[0].found - drawn
    why = f"The {drawn} with the highest cost, each currency's first ones; {more} more are not drawn."
    return why if more else ""


def _short(ad_product: str) -> str:
    return ad_product.removeprefix("SPONSORED_").capitalize()


def _number(value: object) -> float:
    return float("nan") if value is None else float(str(value))
