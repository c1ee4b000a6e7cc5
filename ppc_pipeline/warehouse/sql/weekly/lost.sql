-- One row is one campaign of one profile in one currency that cost more in the week it is judged by than it will have
-- sold in the end, with the week before that: of each profile and currency those that lost most, with how many there are.
--
-- The week by profile and ad product is in judged_weeks, the file beside this one. Purchases and sales are those of the
-- end: what is known of them over the share that is (loaded_days; a day older than these is whole), weighted by what each
-- day cost.
WITH judged AS (FROM temp.judged_weeks WHERE start IS NOT NULL),
shares AS (
    SELECT profile_id, ad_product, date, purchases_share, sales_share FROM loaded_days
    WHERE
        date BETWEEN $start::DATE - 14 AND $last
        AND list_contains($profiles::BIGINT[], profile_id) AND list_contains($report_types::VARCHAR[], report_type)
),
sums AS (
    SELECT
        m.profile_id, m.currency_code, m.ad_product, m.campaign_id, j.start, m.date >= j.start AS is_judged,
        arg_max(m.campaign_name, m.date) AS campaign_name,
        sum(m.impressions)::BIGINT AS impressions, sum(m.clicks)::BIGINT AS clicks, sum(m.cost) AS cost,
        sum(m.purchases)::BIGINT AS purchases, sum(m.sales) AS sales,
        sum(m.cost * CASE WHEN s.date IS NULL THEN 1 ELSE s.purchases_share END) / nullif(sum(m.cost), 0) AS purchases_known,
        sum(m.cost * CASE WHEN s.date IS NULL THEN 1 ELSE s.sales_share END) / nullif(sum(m.cost), 0) AS sales_known
    FROM metrics_by_campaign AS m
    JOIN judged AS j
        ON j.profile_id = m.profile_id AND j.ad_product = m.ad_product AND m.date BETWEEN j.start - 7 AND j.start + 6
    LEFT JOIN shares AS s ON s.profile_id = m.profile_id AND s.ad_product = m.ad_product AND s.date = m.date
    WHERE m.date BETWEEN $start::DATE - 14 AND $last
    GROUP BY ALL
),
in_the_end AS (
    SELECT * REPLACE (
        round(purchases::DOUBLE / nullif(purchases_known, 0), 6)::DECIMAL(38, 6) AS purchases,
        round(sales::DOUBLE / nullif(sales_known, 0), 6)::DECIMAL(38, 6) AS sales
    )
    FROM sums
)
SELECT
    n.profile_id, n.currency_code, n.ad_product, n.campaign_name, n.start,
    n.impressions, n.clicks, n.cost, n.purchases, n.sales,
    b.impressions AS impressions_before, b.clicks AS clicks_before, b.cost AS cost_before,
    b.purchases AS purchases_before, b.sales AS sales_before,
    count(*) OVER (PARTITION BY n.profile_id, n.currency_code) AS losing
FROM in_the_end AS n
LEFT JOIN in_the_end AS b
    ON b.profile_id = n.profile_id AND b.currency_code = n.currency_code AND b.ad_product = n.ad_product
    AND b.campaign_id = n.campaign_id AND NOT b.is_judged
WHERE n.is_judged AND n.cost > n.sales
QUALIFY row_number() OVER (
    PARTITION BY n.profile_id, n.currency_code ORDER BY n.cost - n.sales DESC, n.ad_product, n.campaign_id
) <= $most
ORDER BY n.profile_id, n.currency_code, n.cost - n.sales DESC, n.ad_product, n.campaign_id;
