-- One row is a day of one profile and ad product that is loaded, of the weeks that are looked at, and which shares of its
-- final figures are known (loaded_days, whose newest 100 days these are); NULL: nobody knows it. Older days are whole.
SELECT profile_id, ad_product, date, cost_share, purchases_share, sales_share
FROM loaded_days
WHERE
    date BETWEEN $first AND $last
    AND list_contains($profiles::BIGINT[], profile_id) AND list_contains($report_types::VARCHAR[], report_type)
ORDER BY ALL;
