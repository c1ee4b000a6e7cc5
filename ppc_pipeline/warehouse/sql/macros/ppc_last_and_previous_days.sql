-- One row is an entity with its figures of the last `length` days that are loaded (..._last), those of as many days
-- before (..._previous), and by how many percent they changed (..._change): one pair of the periods of ppc_with_periods.
-- Grain: profile_id, ad_product, id.
--
-- The others are names of CTEs or tables. `entities`: profile_id, ad_product, currency_code, id. `days`: the loaded
-- days of each profile and ad product, with their age and which share of their purchases and sales is known.
-- `stretches`: the figures of each id, summed over days; a stretch has the age of its youngest day.
--
-- A figure is the sum over the days of its period that are loaded, of which days_loaded_... tells the number: 0 where
-- there was no activity, NULL where no day is loaded or Amazon does not give it. It is in the entity's currency.
--
-- Purchases and sales of young days are still to come. Which percentage of them is known is the mean over the days of
-- their shares, weighted by what each day cost the entity; NULL where nobody knows it of a day that cost something. Of
-- an entity without cost it is the plain mean, NULL where nobody knows it of one of them. Of units as much is known as
-- of purchases. Changes compare what both periods will have in the end (..._end), where they are of purchases, sales or
-- units; they are NULL where a day of either period is missing.
CREATE OR REPLACE MACRO ppc_last_and_previous_days(entities, days, stretches, length) AS TABLE
WITH loaded AS (
    SELECT
        profile_id, ad_product, figures_until,
        count(*) FILTER (age < length) AS days_loaded_last,
        count(*) FILTER (age BETWEEN length AND 2 * length - 1) AS days_loaded_previous,
        CASE WHEN days_loaded_last = count(COLUMNS('.*_share')) FILTER (age < length)
            THEN avg(COLUMNS('.*_share')) FILTER (age < length)
        END AS "\0_last",
        CASE WHEN days_loaded_previous = count(COLUMNS('.*_share')) FILTER (age BETWEEN length AND 2 * length - 1)
            THEN avg(COLUMNS('.*_share')) FILTER (age BETWEEN length AND 2 * length - 1)
        END AS "\0_previous"
    FROM query_table(days)
    GROUP BY ALL
),
sums AS (
    SELECT
        profile_id, ad_product, currency_code, id,
        (sum(COLUMNS('^(impressions|clicks|purchases|units)$')) FILTER (age < length))::BIGINT AS "\0_last",
        sum(COLUMNS('^(rows|cost|sales|.*_weight|.*_unknown)$')) FILTER (age < length) AS "\0_last",
        (sum(COLUMNS('^(impressions|clicks|purchases|units)$')) FILTER (age BETWEEN length AND 2 * length - 1))::BIGINT
            AS "\0_previous",
        sum(COLUMNS('^(rows|cost|sales|.*_weight|.*_unknown)$')) FILTER (age BETWEEN length AND 2 * length - 1)
            AS "\0_previous"
    FROM query_table(stretches)
    GROUP BY ALL
),
figures AS (
    SELECT
        e.profile_id, e.ad_product, e.id, l.figures_until,
        l.days_loaded_last > 0 AND s.rows_last IS NULL AS idle_last,
        l.days_loaded_previous > 0 AND s.rows_previous IS NULL AS idle_previous,
        coalesce(l.days_loaded_last, 0) AS days_loaded_last,
        CASE WHEN idle_last THEN 0 ELSE s.impressions_last END AS impressions_last,
        CASE WHEN idle_last THEN 0 ELSE s.clicks_last END AS clicks_last,
        CASE WHEN idle_last THEN 0 ELSE s.cost_last END AS cost_last,
        CASE WHEN idle_last THEN 0 ELSE s.purchases_last END AS purchases_last,
        CASE WHEN idle_last THEN 0 ELSE s.sales_last END AS sales_last,
        CASE WHEN idle_last THEN 0 ELSE s.units_last END AS units_last,
        CASE
            WHEN coalesce(s.cost_last, 0) = 0 THEN 100 * l.purchases_share_last
            WHEN s.purchases_unknown_last = 0 THEN 100 * s.purchases_weight_last / s.cost_last
        END AS purchases_known_percent_last,
        CASE
            WHEN coalesce(s.cost_last, 0) = 0 THEN 100 * l.sales_share_last
            WHEN s.sales_unknown_last = 0 THEN 100 * s.sales_weight_last / s.cost_last
        END AS sales_known_percent_last,
        coalesce(l.days_loaded_previous, 0) AS days_loaded_previous,
        CASE WHEN idle_previous THEN 0 ELSE s.impressions_previous END AS impressions_previous,
        CASE WHEN idle_previous THEN 0 ELSE s.clicks_previous END AS clicks_previous,
        CASE WHEN idle_previous THEN 0 ELSE s.cost_previous END AS cost_previous,
        CASE WHEN idle_previous THEN 0 ELSE s.purchases_previous END AS purchases_previous,
        CASE WHEN idle_previous THEN 0 ELSE s.sales_previous END AS sales_previous,
        CASE WHEN idle_previous THEN 0 ELSE s.units_previous END AS units_previous,
        CASE
            WHEN coalesce(s.cost_previous, 0) = 0 THEN 100 * l.purchases_share_previous
            WHEN s.purchases_unknown_previous = 0 THEN 100 * s.purchases_weight_previous / s.cost_previous
        END AS purchases_known_percent_previous,
        CASE
            WHEN coalesce(s.cost_previous, 0) = 0 THEN 100 * l.sales_share_previous
            WHEN s.sales_unknown_previous = 0 THEN 100 * s.sales_weight_previous / s.cost_previous
        END AS sales_known_percent_previous
    FROM query_table(entities) AS e
    LEFT JOIN loaded AS l ON l.profile_id = e.profile_id AND l.ad_product = e.ad_product
    LEFT JOIN sums AS s
        ON s.profile_id = e.profile_id AND s.ad_product = e.ad_product
        AND s.currency_code = e.currency_code AND s.id = e.id
),
rates AS (
    SELECT
        *,
        ppc_percent(clicks_last, impressions_last) AS ctr_percent_last,
        ppc_amount_per(cost_last, clicks_last) AS cpc_last,
        ppc_percent(purchases_last, clicks_last) AS cvr_percent_last,
        ppc_percent(cost_last, sales_last) AS acos_percent_last,
        ppc_ratio(sales_last, cost_last) AS roas_last,
        ppc_amount_per(cost_last, purchases_last) AS cost_per_purchase_last,
        ppc_percent(clicks_previous, impressions_previous) AS ctr_percent_previous,
        ppc_amount_per(cost_previous, clicks_previous) AS cpc_previous,
        ppc_percent(purchases_previous, clicks_previous) AS cvr_percent_previous,
        ppc_percent(cost_previous, sales_previous) AS acos_percent_previous,
        ppc_ratio(sales_previous, cost_previous) AS roas_previous,
        ppc_amount_per(cost_previous, purchases_previous) AS cost_per_purchase_previous,
        ppc_percent(purchases_last, purchases_known_percent_last) AS purchases_end_last,
        ppc_percent(sales_last, sales_known_percent_last) AS sales_end_last,
        ppc_percent(units_last, purchases_known_percent_last) AS units_end_last,
        ppc_percent(purchases_previous, purchases_known_percent_previous) AS purchases_end_previous,
        ppc_percent(sales_previous, sales_known_percent_previous) AS sales_end_previous,
        ppc_percent(units_previous, purchases_known_percent_previous) AS units_end_previous
    FROM figures
),
rates_in_the_end AS (
    SELECT
        *,
        round(sales_end_last, 6)::DECIMAL(38, 6) AS sales_expected_last,
        round(sales_end_previous, 6)::DECIMAL(38, 6) AS sales_expected_previous,
        ppc_percent(purchases_end_last, clicks_last) AS cvr_end_last,
        ppc_percent(cost_last, sales_end_last) AS acos_end_last,
        ppc_ratio(sales_end_last, cost_last) AS roas_end_last,
        ppc_amount_per(cost_last, purchases_end_last) AS cost_per_purchase_end_last,
        ppc_percent(purchases_end_previous, clicks_previous) AS cvr_end_previous,
        ppc_percent(cost_previous, sales_end_previous) AS acos_end_previous,
        ppc_ratio(sales_end_previous, cost_previous) AS roas_end_previous,
        ppc_amount_per(cost_previous, purchases_end_previous) AS cost_per_purchase_end_previous
    FROM rates
),
changes AS (
    SELECT
        *,
        ppc_change_percent(impressions_last, impressions_previous) AS impressions_change,
        ppc_change_percent(clicks_last, clicks_previous) AS clicks_change,
        ppc_change_percent(cost_last, cost_previous) AS cost_change,
        ppc_change_percent(purchases_end_last, purchases_end_previous) AS purchases_change,
        ppc_change_percent(sales_end_last, sales_end_previous) AS sales_change,
        ppc_change_percent(units_end_last, units_end_previous) AS units_change,
        ppc_change_percent(ctr_percent_last, ctr_percent_previous) AS ctr_change,
        ppc_change_percent(cpc_last, cpc_previous) AS cpc_change,
        ppc_change_percent(cvr_end_last, cvr_end_previous) AS cvr_change,
        ppc_change_percent(acos_end_last, acos_end_previous) AS acos_change,
        ppc_change_percent(roas_end_last, roas_end_previous) AS roas_change,
        ppc_change_percent(cost_per_purchase_end_last, cost_per_purchase_end_previous) AS cost_per_purchase_change
    FROM rates_in_the_end
)
SELECT
    * NOT LIKE '%_change',
    CASE WHEN days_loaded_last = length AND days_loaded_previous = length THEN COLUMNS('.*_change') END AS "\0"
FROM changes;
