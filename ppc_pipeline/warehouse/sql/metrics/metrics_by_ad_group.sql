-- One row is a day of one ad group: the sum over its keywords and targets.
-- Grain: date, profile_id, currency_code, ad_product, campaign_id, ad_group_id.
WITH sums AS (
    SELECT
        date, account, profile_id, country_code, currency_code, ad_product,
        campaign_id, max(campaign_name) AS campaign_name, ad_group_id, max(ad_group_name) AS ad_group_name,
        sum(impressions)::BIGINT AS impressions, sum(clicks)::BIGINT AS clicks, sum(cost) AS cost,
        sum(purchases)::BIGINT AS purchases, sum(sales) AS sales, sum(units)::BIGINT AS units,
        sum(purchases_7d)::BIGINT AS purchases_7d,
        sum(purchases_14d)::BIGINT AS purchases_14d,
        sum(purchases_30d)::BIGINT AS purchases_30d,
        sum(sales_7d) AS sales_7d, sum(sales_14d) AS sales_14d, sum(sales_30d) AS sales_30d,
        sum(units_7d)::BIGINT AS units_7d,
        sum(units_14d)::BIGINT AS units_14d,
        sum(units_30d)::BIGINT AS units_30d,
        sum(new_to_brand_purchases)::BIGINT AS new_to_brand_purchases,
        sum(new_to_brand_sales) AS new_to_brand_sales,
        sum(new_to_brand_units)::BIGINT AS new_to_brand_units
    FROM metrics_by_target
    GROUP BY date, account, profile_id, country_code, currency_code, ad_product, campaign_id, ad_group_id
)
FROM ppc_with_rates('sums');
