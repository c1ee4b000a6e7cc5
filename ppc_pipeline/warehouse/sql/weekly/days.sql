-- One row is a day of one profile and ad product in one currency, of the weeks that are looked at.
SELECT profile_id, currency_code, ad_product, date, impressions, clicks, cost, purchases, sales, units
FROM metrics_by_profile
WHERE date BETWEEN $first AND $last AND list_contains($profiles::BIGINT[], profile_id)
ORDER BY ALL;
