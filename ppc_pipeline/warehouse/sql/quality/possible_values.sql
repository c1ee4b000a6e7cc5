-- One row is a profile, metric table and kind of value that cannot be, among the figures of $start to $end.
-- Not all that is odd cannot be: purchases may follow a view without a click, and be free of charge.
WITH figures AS (
    SELECT
        'metrics_by_campaign' AS source, account, profile_id, date, campaign_name AS name,
        impressions, clicks, cost, purchases, sales, units, purchases_7d, purchases_14d, purchases_30d, sales_7d, sales_14d,
        sales_30d, new_to_brand_purchases, new_to_brand_sales, new_to_brand_units
    FROM metrics_by_campaign
    UNION ALL
    SELECT
        'metrics_by_target' AS source, account, profile_id, date, coalesce(target_text, target_id::VARCHAR) AS name,
        impressions, clicks, cost, purchases, sales, units, purchases_7d, purchases_14d, purchases_30d, sales_7d, sales_14d,
        sales_30d, new_to_brand_purchases, new_to_brand_sales, new_to_brand_units
    FROM metrics_by_target
    UNION ALL
    SELECT
        'metrics_by_search_term' AS source, account, profile_id, date, search_term AS name,
        impressions, clicks, cost, purchases, sales, units, purchases_7d, purchases_14d, purchases_30d, sales_7d, sales_14d,
        sales_30d, new_to_brand_purchases, new_to_brand_sales, new_to_brand_units
    FROM metrics_by_search_term
    UNION ALL
    SELECT
        'metrics_by_product' AS source, account, profile_id, date, coalesce(advertised_asin, ad_id::VARCHAR) AS name,
        impressions, clicks, cost, purchases, sales, units, purchases_7d, purchases_14d, purchases_30d, sales_7d, sales_14d,
        sales_30d, new_to_brand_purchases, new_to_brand_sales, new_to_brand_units
    FROM metrics_by_product
    UNION ALL
    SELECT
        'metrics_by_placement' AS source, account, profile_id, date, campaign_name || ', ' || placement AS name,
        impressions, clicks, cost, purchases, sales, units, purchases_7d, purchases_14d, purchases_30d, sales_7d, sales_14d,
        sales_30d, new_to_brand_purchases, new_to_brand_sales, new_to_brand_units
    FROM metrics_by_placement
),
judged AS (
    SELECT
        *,
        CASE
            WHEN least(impressions, clicks) < 0 THEN 'traffic is not negative'
            WHEN cost < 0 THEN 'cost is not negative'
            WHEN least(purchases, units) < 0 OR sales < 0 THEN 'conversions are not negative'
            WHEN clicks > impressions THEN 'clicks are not more than impressions'
            WHEN cost > 0 AND impressions = 0 THEN 'nothing costs that was not shown'
            WHEN purchases = 0 AND (sales > 0 OR units > 0) THEN 'nothing is sold without a purchase'
            WHEN purchases_7d > purchases_14d OR purchases_14d > purchases_30d OR sales_7d > sales_14d
                OR sales_14d > sales_30d
                THEN 'a longer window has no less than a shorter one'
            WHEN new_to_brand_purchases > purchases OR new_to_brand_sales > sales OR new_to_brand_units > units
                THEN 'those new to the brand are not more than all'
        END AS rule
    FROM figures WHERE date BETWEEN $start AND $end
),
impossible AS (SELECT * FROM judged WHERE rule IS NOT NULL),
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
