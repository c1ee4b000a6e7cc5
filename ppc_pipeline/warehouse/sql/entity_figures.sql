-- A kind of entity as of now, with its figures: filled in for campaigns, keywords and targets by entity_figures.py.
--
-- One row is one entity. Its periods end with the last day that is loaded of its profile and ad product (figures_until).
-- A figure is the sum over the days of its period that are loaded, of which days_loaded_... tells the number: 0 where
-- there was no activity, NULL where no day is loaded or Amazon does not give it. It is in the entity's currency.
--
-- Purchases and sales of young days are still to come. Which percentage of them is known is the mean over the days of
-- what loaded_days says, weighted by what each day cost the entity; NULL where nobody knows it of a day that cost
-- something. Of an entity without cost it is the plain mean, NULL where nobody knows it of one of them. Changes of what is
-- made of them compare what both periods will have in the end.
WITH days AS (
    SELECT
        profile_id, ad_product, date, purchases_share, sales_share,
        max(date) OVER (PARTITION BY profile_id, ad_product) AS figures_until, figures_until - date AS age
    FROM loaded_days
    WHERE report_type IN ({report_types})
    QUALIFY age <= {oldest}
),
loaded AS (SELECT profile_id, ad_product, figures_until, {loaded} FROM days GROUP BY ALL),
-- Days that are in the same periods are added up first: what is then left is a few rows for each entity.
stretches AS (
    SELECT m.profile_id, m.ad_product, m.currency_code, m.{metrics_id} AS id, {youngest} AS age, {stretch_sums}
    FROM {metrics} AS m JOIN days USING (profile_id, ad_product, date)
    WHERE m.date IN (SELECT date FROM days)  -- says nothing new, but keeps DuckDB from reading the years before
    GROUP BY ALL
),
sums AS (SELECT profile_id, ad_product, currency_code, id, {sums} FROM stretches GROUP BY ALL),
amounts AS (
    SELECT entity.* EXCLUDE (valid_to), loaded.figures_until, {amounts}
    FROM {history} AS entity
    LEFT JOIN loaded ON loaded.profile_id = entity.profile_id AND loaded.ad_product = entity.ad_product
    LEFT JOIN sums
        ON sums.profile_id = entity.profile_id AND sums.ad_product = entity.ad_product
        AND sums.currency_code = entity.currency_code AND sums.id = entity.{id}
    WHERE entity.valid_to IS NULL
)
SELECT *, {changes} FROM (SELECT *, {rates}, {expected} FROM amounts)
