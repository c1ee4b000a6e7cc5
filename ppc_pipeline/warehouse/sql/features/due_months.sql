-- One row is a month of one profile and ad product that some of the days in `due` (features/due.sql) are in, and whose
-- index can be told: each of the twelve whole months before it has loaded days.
-- Grain: profile_id, ad_product, month.
--
-- `days_then` are the loaded days of the same month a year before, the first of the twelve, counted from 1970-01-01;
-- `days_since` is how many days of the other eleven are loaded.
WITH sources AS (
    SELECT unnest($report_types::VARCHAR[]) AS report_type, unnest($ad_products::VARCHAR[]) AS ad_product
),
months AS (
    SELECT DISTINCT
        profile_id, report_type, ad_product, date_trunc('month', date)::DATE AS month,
        (month - INTERVAL 12 MONTH)::DATE AS month_then, (month - INTERVAL 11 MONTH)::DATE AS next_month_then
    FROM temp.due JOIN sources USING (ad_product)
)
SELECT
    profile_id, ad_product, month, month_then,
    list(date - DATE '1970-01-01') FILTER (date < next_month_then) AS days_then,
    count(*) FILTER (date >= next_month_then) AS days_since
FROM months JOIN covered_days USING (profile_id, report_type)
WHERE date >= month_then AND date < month
GROUP BY profile_id, ad_product, month, month_then
HAVING count(DISTINCT date_trunc('month', date)) = 12;
