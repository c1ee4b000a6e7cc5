-- One row is a row of `entities`, with its figures of the last 7, 14 and 30 days and of as many days before, and their
-- change: what campaigns, keywords and targets have beside what they are.
-- Grain: that of `entities`.
--
-- All but `its_id`, a column, are names of CTEs or tables. `entities`: what is now, with profile_id, ad_product,
-- currency_code and that column. `figures`: those of each `id` by date. `days`: the loaded days of each profile and ad
-- product, with which share of their purchases and sales is known. The periods end with the last of these days, and
-- not today: figures_until. What a figure, a change or a percentage means, ppc_last_and_previous_days says.
CREATE OR REPLACE MACRO ppc_with_periods(entities, its_id, figures, days) AS TABLE
WITH ids AS (SELECT profile_id, ad_product, currency_code, its_id AS id FROM query_table(entities)),
aged_days AS (
    SELECT
        profile_id, ad_product, date, purchases_share, sales_share,
        max(date) OVER (PARTITION BY profile_id, ad_product) AS figures_until, figures_until - date AS age
    FROM query_table(days)
    QUALIFY age < 60
),
-- Days that are in the same periods are added up first: what is then left is a few rows for each entity. Periods begin
-- and end where stretches do.
stretches AS (
    SELECT
        f.profile_id, f.ad_product, f.currency_code, f.id,
        CASE
            WHEN d.age < 7 THEN 0 WHEN d.age < 14 THEN 7 WHEN d.age < 28 THEN 14 WHEN d.age < 30 THEN 28 ELSE 30
        END AS age,
        count(*) AS rows,
        sum(f.impressions) AS impressions, sum(f.clicks) AS clicks, sum(f.cost) AS cost,
        sum(f.purchases) AS purchases, sum(f.sales) AS sales, sum(f.units) AS units,
        sum(f.cost * d.purchases_share) AS purchases_weight,
        sum(f.cost * d.sales_share) AS sales_weight,
        count(*) FILTER (f.cost <> 0 AND d.purchases_share IS NULL) AS purchases_unknown,
        count(*) FILTER (f.cost <> 0 AND d.sales_share IS NULL) AS sales_unknown
    FROM query_table(figures) AS f
    JOIN aged_days AS d ON d.profile_id = f.profile_id AND d.ad_product = f.ad_product AND d.date = f.date
    WHERE f.date IN (SELECT date FROM aged_days)  -- says nothing new, but keeps DuckDB from reading the years before
    GROUP BY ALL
),
last_7 AS (
    SELECT
        profile_id, ad_product, id, figures_until,
        COLUMNS('^(.*_(?:last|previous))$') AS "\1_7_days", COLUMNS('^(.*_change)$') AS "\1_7_days_percent"
    FROM ppc_last_and_previous_days('ids', 'aged_days', 'stretches', 7)
),
last_14 AS (
    SELECT
        profile_id, ad_product, id,
        COLUMNS('^(.*_(?:last|previous))$') AS "\1_14_days", COLUMNS('^(.*_change)$') AS "\1_14_days_percent"
    FROM ppc_last_and_previous_days('ids', 'aged_days', 'stretches', 14)
),
last_30 AS (
    SELECT
        profile_id, ad_product, id,
        COLUMNS('^(.*_(?:last|previous))$') AS "\1_30_days", COLUMNS('^(.*_change)$') AS "\1_30_days_percent"
    FROM ppc_last_and_previous_days('ids', 'aged_days', 'stretches', 30)
)
SELECT
    e.*,
    last_7.figures_until,
    COLUMNS('^(days_loaded|impressions|clicks|cost|purchases|sales|units|.*_known_percent)_(last|previous)_\d+_days$'),
    COLUMNS('^(ctr_percent|cpc|cvr_percent|acos_percent|roas|cost_per_purchase)_(last|previous)_\d+_days$'),
    COLUMNS('^sales_expected_(last|previous)_\d+_days$'),
    COLUMNS('^.*_change_\d+_days_percent$')
FROM query_table(entities) AS e
LEFT JOIN last_7 ON last_7.profile_id = e.profile_id AND last_7.ad_product = e.ad_product AND last_7.id = its_id
LEFT JOIN last_14 ON last_14.profile_id = e.profile_id AND last_14.ad_product = e.ad_product AND last_14.id = its_id
LEFT JOIN last_30 ON last_30.profile_id = e.profile_id AND last_30.ad_product = e.ad_product AND last_30.id = its_id;
