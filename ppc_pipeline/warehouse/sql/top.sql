-- The highest of one kind of thing by one figure, over the last days: filled in by top.py.
--
-- One row is one thing in one currency: amounts of different currencies are neither added nor compared, so that each
-- currency has its own highest. The days end where the reports of each profile and ad product are loaded to. Rates are
-- sum over sum; a figure is NULL where a row that cost anything lacks it, since a rate would divide unlike sums.
WITH ends AS (
    SELECT profile_id, s.ad_product, max(end_date) AS last_day
    FROM load_log JOIN (VALUES {report_types}) AS s(report_type, ad_product) USING (report_type)
    WHERE $profiles = [] OR list_contains($profiles::BIGINT[], profile_id)
    GROUP BY ALL
),
sums AS (
    SELECT profile_id, currency_code, {keys}, {names}, {figures}
    FROM {table} JOIN ends USING (profile_id, ad_product)
    WHERE
        date > last_day - $days AND date <= last_day AND {where}
        AND date > (SELECT min(last_day) FROM ends) - $days  -- nothing new, but DuckDB need not read the years before
    GROUP BY ALL
),
rated AS (SELECT *, {rates} FROM sums)
SELECT r.profile_id, coalesce(p.called, r.profile_id::VARCHAR) AS profile, r.* EXCLUDE (profile_id)
FROM rated AS r LEFT JOIN (SELECT profile_id AS whose, name AS called FROM profiles) AS p ON p.whose = r.profile_id
QUALIFY row_number() OVER (PARTITION BY currency_code ORDER BY {order}, {keys}, r.profile_id) <= $most
ORDER BY currency_code, {order}, {keys}, r.profile_id
