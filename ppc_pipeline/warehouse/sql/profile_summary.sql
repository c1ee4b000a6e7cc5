-- One row is a profile, ad product and currency: spend, sales, ACoS and ROAS over some days.
--
-- ACoS is a percentage (cost / sales), ROAS a ratio (sales / cost); both are sum over sum.
SELECT
    r.profile_id::VARCHAR AS profile_id,
    coalesce(p.name, '') AS profile,
    r.country_code AS country,
    CASE r.ad_product
        WHEN 'SPONSORED_PRODUCTS' THEN 'Products' WHEN 'SPONSORED_BRANDS' THEN 'Brands' ELSE 'Display'
    END AS sponsored,
    r.currency_code AS currency,
    sum(r.impressions)::BIGINT AS impressions,
    sum(r.clicks)::BIGINT AS clicks,
    sum(r.cost) AS cost,
    sum(r.sales) AS sales,
    ppc_percent(sum(r.cost), sum(r.sales)) AS acos_percent,
    ppc_ratio(sum(r.sales), sum(r.cost)) AS roas
FROM performance_records AS r
LEFT JOIN profiles AS p ON p.profile_id = r.profile_id
WHERE r.date BETWEEN $start AND $end
GROUP BY r.profile_id, p.name, r.country_code, r.ad_product, r.currency_code
ORDER BY r.currency_code, p.name, r.profile_id, sum(r.cost) DESC;
