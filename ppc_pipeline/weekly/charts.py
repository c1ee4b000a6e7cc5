"""The charts of a weekly report, as SVG that stands in the page itself.

Import it where it is drawn: matplotlib takes a second, and most processes draw nothing.
"""

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, WeekdayLocator, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ppc_pipeline.weekly.contents import ByProduct, Day
from ppc_pipeline.weekly.weeks import Week

COST, SALES, ACOS = "#c2571a", "#1f6f8b", "#5b4a8a"
_GRID = "#e3e6ea"
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}


def daily_chart(days: Sequence[Day], week: Week, currency: str) -> str:
    """Draw cost and sales by day, and ACoS below them; a day that is not loaded is a gap, and the week is shaded."""
    figure = Figure(figsize=(7.4, 3.3), layout="constrained")
    amounts, rates = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    dates = [day.date for day in days]
    for axes, name, color, label in (
        (amounts, "sales", SALES, f"sales, {currency}"),
        (amounts, "cost", COST, f"cost, {currency}"),
        (rates, "acos_percent", ACOS, "ACoS, %"),
    ):
        values = [day.sums.value(name) if day.sums else None for day in days]
        points = [float("nan") if value is None else float(value) for value in values]
        axes.plot(dates, points, color=color, linewidth=1.4, marker="o", markersize=1.8, label=label)
    for axes in (amounts, rates):
        axes.axvspan(date2num(week.start) - 0.5, date2num(week.end) + 0.5, color="#f0f3f6", zorder=0)
        _plain(axes)
    rates.xaxis.set_major_locator(WeekdayLocator(byweekday=0))
    rates.xaxis.set_major_formatter(DateFormatter("%d %b"))
    return _svg(figure, "daily")


def product_chart(products: Sequence[ByProduct], currency: str, names: Sequence[str]) -> str:
    """Draw cost and sales of the week by ad product."""
    figure = Figure(figsize=(7.4, 0.5 + 0.36 * len(products)), layout="constrained")
    axes = figure.subplots()
    for offset, figure_name, color in ((0.18, "cost", COST), (-0.18, "sales", SALES)):
        lengths = [float(one.now.value(figure_name) or 0) for one in products]
        places = [-number + offset for number in range(len(products))]
        axes.barh(places, lengths, height=0.34, color=color, label=f"{figure_name}, {currency}")
    axes.set_yticks([-number for number in range(len(products))], names)
    _plain(axes, bars=True)
    return _svg(figure, "products")


def _plain(axes: Axes, *, bars: bool = False) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x" if bars else "y", color=_GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7.5)
    (axes.xaxis if bars else axes.yaxis).set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.8g}"))
    axes.set_xlim(left=0) if bars else axes.set_ylim(bottom=0)
    axes.legend(fontsize=7.5, frameon=False, ncols=2, loc="upper left" if not bars else "best")


def _svg(figure: Figure, salt: str) -> str:
    """Return the drawing as an element of a page: without the head of a file, and with ids of its own."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    text = buffer.getvalue()
    return text[text.index("<svg") :]
