"""Who adds yen to dollars is told, and nobody else: every example of the documentation is asked."""

import re
from pathlib import Path

import duckdb
import pytest

from ppc_pipeline.warehouse.currencies import takes_currencies_together
from ppc_pipeline.warehouse.sql_files import question_names, sql_file

ROOT = Path(__file__).parents[2]
M = "metrics_by_campaign"
MANY_TERMS = " + ".join(["1"] * 900)

TOGETHER = [
    f"SELECT sum(cost) FROM {M}",
    f"FROM {M} SELECT sum(cost)",
    f"SELECT any_value(currency_code) AS currency_code, sum(cost) AS cost FROM {M}",
    f"SELECT any_value(currency_code) AS currency_code, date, sum(cost) AS cost FROM {M} GROUP BY ALL",
    f"SELECT max(currency_code) AS currency, campaign_name, sum(cost) AS cost FROM {M} GROUP BY campaign_name",
    f"SELECT 'EUR' AS currency, sum(cost) FROM {M} GROUP BY ALL",
    f"SELECT sum(m.cost) FROM {M} m JOIN profiles p ON m.currency_code = p.currency_code",
    "SELECT sum(cost) FROM (SELECT currency_code, sum(cost) AS cost FROM metrics_by_profile GROUP BY 1)",
    "SELECT sum(total) FROM (SELECT currency_code, sum(cost) AS total FROM metrics_by_profile GROUP BY 1)",
    f"SELECT sum(cost)::DOUBLE AS total FROM {M}",
    f"SELECT sum(cost) / sum(clicks) AS per_click FROM {M}",
    f"SELECT sum(cost) FROM {M} WHERE profile_id = 1 OR profile_id = 2",
    f"SELECT sum(cost) FROM {M} WHERE profile_id IN (1, 2)",
    f"SELECT sum(cost), sum(cost_converted) FROM {M}",
    f"SELECT sum(cost) FROM {M} -- converted later",
    f"SELECT sum(cost) FROM {M} WHERE currency_code <> ''",
    f"SELECT sum(cost) FROM {M} WHERE currency_code IN (SELECT currency_code FROM profiles)",
    f"SELECT sum(cost) FROM {M} WHERE converted_currency = 'USD'",
    f"SELECT count(DISTINCT currency_code), sum(cost) FROM {M}",
    f"SELECT sum(cost), sum(cost) FILTER (currency_code = 'USD') FROM {M}",
    f"SELECT sum(cost) FILTER (m.currency_code = p.currency_code) FROM {M} m, profiles p",
    f"SELECT currency_code, sum(cost) FROM {M} GROUP BY ROLLUP (currency_code)",
    f"SELECT campaign_name, cost / sum(cost) OVER (PARTITION BY date) AS share FROM {M}",
    f"SELECT DISTINCT currency_code, (SELECT sum(cost) FROM {M}) AS cost FROM profiles",
    f"SELECT sum(COLUMNS('cost.*')) FROM {M}",
    f"SELECT date FROM {M} GROUP BY date HAVING max(bid) > 1",
    f"SELECT sum(m.cost) FROM {M} m CROSS JOIN (SELECT max(date) FROM loaded_days WHERE profile_id = 1)",
    f"WITH {M} AS (SELECT * FROM {M}) SELECT sum(cost) FROM {M}",
    f"SELECT sum(cost), {MANY_TERMS} FROM {M}",
]

APART = [
    f"SELECT currency_code AS cur, sum(cost) FROM {M} GROUP BY 1",
    f"SELECT currency_code AS cur, sum(cost) FROM {M} GROUP BY cur",
    f"SELECT currency_code AS cur, sum(cost) FROM {M} GROUP BY ALL",
    f'SELECT sum("cost") FROM {M} GROUP BY date, m."CURRENCY_CODE"',
    f"SELECT profile_id, sum(cost) FROM {M} GROUP BY profile_id",
    f"SELECT campaign_id, sum(cost) FROM {M} GROUP BY ALL",
    f"SELECT sum(cost) FROM {M} WHERE profile_id IN (1)",
    f"SELECT sum(cost) FROM {M} WHERE profile_id == 1 AND date > '2026-11-01'",
    f"SELECT sum(cost) FROM {M} WHERE 1 = profile_id",
    f"SELECT sum(cost) FROM {M} WHERE profile_id = (SELECT profile_id FROM profiles WHERE name = 'Acme')",
    f"SELECT sum(cost) FROM {M} WHERE campaign_id = $c",
    f"SELECT sum(cost) FROM {M} WHERE country_code = 'US'",
    f"SELECT sum(cost) FROM {M} WHERE currency_code = 'USD'",
    f"SELECT sum(cost) FROM {M} WHERE currency_code = $c::VARCHAR",
    f"SELECT sum(m.cost) FROM {M} m JOIN profiles p ON m.profile_id = p.profile_id AND p.currency_code = ?",
    f"SELECT sum(cost) FILTER (currency_code = 'USD'), sum(CASE currency_code WHEN 'JPY' THEN cost END) FROM {M}",
    f"WITH usd AS (FROM {M} WHERE currency_code = 'USD'), late AS (FROM usd) SELECT sum(cost) FROM late",
    f"SELECT name, (SELECT sum(cost) FROM {M} m WHERE m.profile_id = p.profile_id) FROM profiles p",
    f"SELECT sum(cost) OVER (PARTITION BY campaign_id ORDER BY date) FROM {M}",
    f"SELECT sum(cost_converted) FROM {M}",
    f"SELECT sum(cost * rate) FROM {M} JOIN fx_rates_by_day ON from_currency = currency_code",
    f"SELECT campaign_name, acos_percent, cost FROM {M}",
    f"SELECT count(cost), sum(clicks) FILTER (cost > 5), max(date) FROM {M}",
    f"SELECT sum(days) FROM (SELECT count(sales) AS days FROM {M})",
    "SELECT keyword_text, bid FROM keywords",
    "SELECT 1.5",
    "FROM loaded_days WHERE place = 1",
    "SHOW TABLES",
    f"EXPLAIN SELECT sum(cost) FROM {M}",
]


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize("sql", TOGETHER)
def test_amounts_of_several_currencies_in_one_are_seen(connection, sql):
    assert takes_currencies_together(connection, sql)


@pytest.mark.parametrize("sql", APART)
def test_what_tells_currencies_apart_or_adds_no_amounts_is_left_alone(connection, sql):
    assert not takes_currencies_together(connection, sql)


NUMBERED = "insights/anomalies"
"""It numbers campaigns and groups by the number, of which nothing shows that it has one currency."""


def test_no_question_of_the_pipeline_is_taken_to_mix_currencies(connection):
    together = [name for name in question_names() if takes_currencies_together(connection, sql_file(name))]
    assert together == [NUMBERED]


def examples():
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = page.read_text(encoding="utf-8")
        asked = re.findall(r'(?:ppc query|ask\()\s*"([^"]+)"', text)
        blocks = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
        yield from ((page.name, sql) for sql in asked)
        yield from ((page.name, sql) for block in blocks for sql in re.split(r";\s*\n", block) if sql.strip())


def test_no_example_of_the_documentation_takes_currencies_together(connection):
    asked = [*examples()]
    assert len(asked) > 20
    together = [one for one in asked if takes_currencies_together(connection, one[1])]
    assert together == []
