-- One row is a profile, metric table and kind of value that cannot be, among the figures of $start to $end.
WITH figures AS (
    SELECT
        'metrics_by_campaign' AS source, account, profile_id, date, ad_product, campaign_name AS name, impressions, clicks,
        cost, purchases, sales, units
    FROM metrics_by_campaign
    UNION ALL
    SELECT
        'metrics_by_target', account, profile_id, date, ad_product, coalesce(target_text, target_id::VARCHAR),
        impressions, clicks, cost, purchases, sales, units
    FROM metrics_by_target
    UNION ALL
    SELECT
        'metrics_by_search_term', account, profile_id, date, ad_product, search_term, impressions, clicks, cost,
        purchases, sales, units
    FROM metrics_by_search_term
    UNION ALL
    SELECT
        'metrics_by_product', account, profile_id, date, ad_product, coalesce(advertised_asin, ad_id::VARCHAR),
        impressions, clicks, cost, purchases, sales, units
    FROM metrics_by_product
),
impossible AS (
    SELECT
        *,
        CASE
            WHEN least(impressions, clicks) < 0 THEN 'traffic is not negative'
            WHEN cost < 0 THEN 'cost is not negative'
            WHEN least(purchases, units) < 0 OR sales < 0 THEN 'conversions are not negative'
            WHEN clicks > impressions THEN 'clicks are not more than impressions'
        END AS rule
    FROM figures WHERE date BETWEEN $start AND $end AND (
        least(impressions, clicks, purchases, units) < 0 OR least(cost, sales) < 0 OR clicks > impressions
    )
),
counted AS (
    SELECT
        any_value(account) AS account, profile_id, source, rule, count(*) AS rows,
        min_by(
            format(
                '"{}" on {}: {} impressions, {} clicks, cost {}, {} purchases, sales {}', coalesce(name, ''), date,
                impressions, clicks, cost, coalesce(purchases::VARCHAR, 'NULL'), coalesce(sales::VARCHAR, 'NULL')
            ), (date, name)
        ) AS example
    FROM impossible GROUP BY profile_id, source, rule
)
SELECT
    c.account, c.profile_id, p.name AS profile_name, c.source AS subject, c.rule AS expected,
    format('{} rows', c.rows) AS found, c.example AS problem
FROM counted AS c LEFT JOIN profiles AS p ON p.profile_id = c.profile_id
ORDER BY c.rows DESC, c.profile_id, c.source;
