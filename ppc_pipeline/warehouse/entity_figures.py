"""The views ``campaigns``, ``keywords`` and ``targets``: what is now, with the figures of the last days beside it.

Of 7, 14 and 30 days each entity has the sums and rates, those of as many days before, and the change in percent; and
how much of the conversions is known, so that days whose sales have not come in are not called worse than others. One
definition of what "the last days" are for all of them: ``sql/entity_figures.sql``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ppc_pipeline.warehouse.metrics import FIGURES, INTEGER, METRIC_TABLES, RATES, Rate
from ppc_pipeline.warehouse.tables import EntityTable, literal_text, quoted, sql_file

PERIODS = (7, 14, 30)
"""Lengths in days."""

KNOWN = {"purchases": "purchases", "sales": "sales", "units": "purchases"}
"""Figure that comes in late -> that whose known share counts for it."""


@dataclass(frozen=True, slots=True)
class Figured:
    """An entity that has figures.

    Attributes:
        metrics: The metric table that they are of.
        metrics_id: Its column that tells the entities apart.
        id: The entity's column that is the same.
    """

    metrics: str
    metrics_id: str
    id: str


FIGURED = {
    "campaigns": Figured("metrics_by_campaign", "campaign_id", "campaign_id"),
    "keywords": Figured("metrics_by_target", "target_id", "keyword_id"),
    "targets": Figured("metrics_by_target", "target_id", "target_id"),
}


@dataclass(frozen=True, slots=True)
class _Span:
    """One period of days, counted back from the last that is loaded: ``last_7_days`` or ``previous_7_days``."""

    name: str
    youngest: int
    oldest: int

    @property
    def where(self) -> str:
        return f"age BETWEEN {self.youngest} AND {self.oldest}"


def _spans(days: int) -> tuple[_Span, _Span]:
    return _Span(f"last_{days}_days", 0, days - 1), _Span(f"previous_{days}_days", days, 2 * days - 1)


def entity_view_sql(table: EntityTable) -> str:
    """Return the statement that makes the view of what is now of an entity that has figures."""
    figured = FIGURED[table.name]
    sources = METRIC_TABLES[figured.metrics].sources
    spans = [span for days in PERIODS for span in _spans(days)]
    body = sql_file("entity_figures").format(
        report_types=", ".join(literal_text(name) for name in sources.values()),
        oldest=max(span.oldest for span in spans),
        loaded=", ".join(sql for span in spans for sql in _loaded(span)),
        metrics=quoted(figured.metrics),
        metrics_id=quoted(figured.metrics_id),
        youngest=_youngest(sorted({span.youngest for span in spans} | {span.oldest + 1 for span in spans})),
        stretch_sums=", ".join(_stretch_sums()),
        sums=", ".join(sql for span in spans for sql in _sums(span)),
        amounts=", ".join(sql for span in spans for sql in _amounts(span)),
        rates=", ".join(f"{_rate(rate, span)} AS {rate.name}_{span.name}" for span in spans for rate in RATES),
        expected=", ".join(_expected_sales(span) for span in spans),
        changes=", ".join(sql for days in PERIODS for sql in _changes(days)),
        history=quoted(table.history),
        id=quoted(figured.id),
    )
    return f"CREATE OR REPLACE VIEW {quoted(table.name)} AS\n{body}"


def _youngest(bounds: Sequence[int]) -> str:
    """Return SQL for the youngest age of the stretch that a day is in; periods begin and end where stretches do."""
    whens = " ".join(f"WHEN days.age >= {bound} THEN {bound}" for bound in reversed(bounds))
    return f"CASE {whens} END"


def _loaded(span: _Span) -> Iterator[str]:
    """Yield the days of a period that are loaded, and the mean share of their conversions that is known."""
    yield f"count(*) FILTER ({span.where}) AS {span.name}"
    for name in dict.fromkeys(KNOWN.values()):
        unknown = f"count(*) FILTER ({span.where} AND {name}_share IS NULL)"
        yield f"CASE WHEN {unknown} = 0 THEN avg({name}_share) FILTER ({span.where}) END AS {name}_{span.name}"


def _stretch_sums() -> Iterator[str]:
    yield "count(*) AS rows"
    for figure in FIGURES:
        yield f"sum(m.{figure.name}) AS {figure.name}"
    for name in dict.fromkeys(KNOWN.values()):
        yield f"sum(m.cost * days.{name}_share) AS {name}_weight"
        yield f"count(*) FILTER (m.cost <> 0 AND days.{name}_share IS NULL) AS {name}_unknown"


def _sums(span: _Span) -> Iterator[str]:
    yield f"sum(rows) FILTER ({span.where}) AS rows_{span.name}"
    for figure in FIGURES:
        whole = f"::{INTEGER}" if figure.type == INTEGER else ""
        yield f"(sum({figure.name}) FILTER ({span.where})){whole} AS sum_{figure.name}_{span.name}"
    for name in dict.fromkeys(KNOWN.values()):
        yield f"sum({name}_weight) FILTER ({span.where}) AS {name}_weight_{span.name}"
        yield f"sum({name}_unknown) FILTER ({span.where}) AS {name}_unknown_{span.name}"


def _amounts(span: _Span) -> Iterator[str]:
    """Yield the days of a period that are loaded, its sums (0 where nothing happened on them), and what is known."""
    yield f"coalesce(loaded.{span.name}, 0) AS days_loaded_{span.name}"
    for figure in FIGURES:
        idle = f"loaded.{span.name} > 0 AND coalesce(sums.rows_{span.name}, 0) = 0"
        yield f"CASE WHEN {idle} THEN 0 ELSE sums.sum_{figure.name}_{span.name} END AS {figure.name}_{span.name}"
    for name in dict.fromkeys(KNOWN.values()):
        cost, weight = f"sums.sum_cost_{span.name}", f"sums.{name}_weight_{span.name}"
        weighted = f"WHEN sums.{name}_unknown_{span.name} = 0 THEN 100 * {weight} / {cost}"  # else nobody knows
        without_cost = f"WHEN coalesce({cost}, 0) = 0 THEN 100 * loaded.{name}_{span.name}"
        yield f"CASE {without_cost} {weighted} END AS {_known(name, span)}"


def _rate(rate: Rate, span: _Span) -> str:
    return rate.sql(f"{rate.over}_{span.name}", f"{rate.under}_{span.name}")


def _known(figure: str, span: _Span) -> str:
    return f"{KNOWN[figure]}_known_percent_{span.name}"


def _in_the_end(figure: str, span: _Span) -> str:
    """Return SQL for what a figure of a period will be when it is final."""
    column = f"{figure}_{span.name}"
    return f"(100 * {column}::DOUBLE / nullif({_known(figure, span)}, 0))" if figure in KNOWN else column


def _expected_sales(span: _Span) -> str:
    return f"round({_in_the_end('sales', span)}, 6)::DECIMAL(38, 6) AS sales_expected_{span.name}"


def _changes(days: int) -> Iterator[str]:
    """Yield how many percent each figure and rate changed; nobody knows where a day of either period is missing."""
    spans = last, previous = _spans(days)
    whole = f"days_loaded_{last.name} = {days} AND days_loaded_{previous.name} = {days}"
    compared = {figure.name: [_in_the_end(figure.name, span) for span in spans] for figure in FIGURES}
    for rate in RATES:
        compared[rate.name] = [
            rate.sql(_in_the_end(rate.over, span), _in_the_end(rate.under, span))
            if {rate.over, rate.under} & {*KNOWN}
            else f"{rate.name}_{span.name}"
            for span in spans
        ]
    for name, (now, before) in compared.items():
        change = f"100 * ({now} - {before})::DOUBLE / nullif({before}, 0)"
        yield f"CASE WHEN {whole} THEN {change} END AS {name.removesuffix('_percent')}_change_{days}_days_percent"
