-- One row is a day of one profile and ad product: the sum over its campaigns.
-- Grain: date, profile_id, currency_code, ad_product.
WITH sums AS (
    SELECT
        m.date, m.account, m.profile_id, m.country_code, m.currency_code, m.ad_product, p.name AS profile_name,
        sum(m.impressions)::BIGINT AS impressions, sum(m.clicks)::BIGINT AS clicks, sum(m.cost) AS cost,
        sum(m.purchases)::BIGINT AS purchases, sum(m.sales) AS sales, sum(m.units)::BIGINT AS units,
        sum(m.purchases_7d)::BIGINT AS purchases_7d,
        sum(m.purchases_14d)::BIGINT AS purchases_14d,
        sum(m.purchases_30d)::BIGINT AS purchases_30d,
        sum(m.sales_7d) AS sales_7d, sum(m.sales_14d) AS sales_14d, sum(m.sales_30d) AS sales_30d,
        sum(m.units_7d)::BIGINT AS units_7d,
        sum(m.units_14d)::BIGINT AS units_14d,
        sum(m.units_30d)::BIGINT AS units_30d,
        sum(m.new_to_brand_purchases)::BIGINT AS new_to_brand_purchases,
        sum(m.new_to_brand_sales) AS new_to_brand_sales,
        sum(m.new_to_brand_units)::BIGINT AS new_to_brand_units
    FROM metrics_by_campaign AS m LEFT JOIN profiles AS p ON p.profile_id = m.profile_id
    GROUP BY m.date, m.account, m.profile_id, p.name, m.country_code, m.currency_code, m.ad_product
)
FROM ppc_with_rates('sums');
