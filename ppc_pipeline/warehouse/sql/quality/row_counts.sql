-- One row is a profile, metric table and ad product: how many rows its newest loaded day has, beside the median of the
-- same weekday in the 8 weeks before (of at least 4 such days).
-- Fewer than half or more than twice as many rows is a problem, where that is at least 20 rows of difference.
WITH thresholds AS (
    SELECT 8 AS weeks, 4 AS least_weekdays, 0.5 AS least_share, 2.0 AS most_share, 20 AS least_difference
),
counts AS (
    SELECT 'metrics_by_campaign' AS source, 'Campaigns' AS suffix, profile_id, ad_product, date, count(*) AS rows
    FROM metrics_by_campaign GROUP BY ALL
    UNION ALL
    SELECT 'metrics_by_target', 'Targeting', profile_id, ad_product, date, count(*) FROM metrics_by_target GROUP BY ALL
    UNION ALL
    SELECT 'metrics_by_search_term', 'SearchTerm', profile_id, ad_product, date, count(*)
    FROM metrics_by_search_term GROUP BY ALL
    UNION ALL
    SELECT 'metrics_by_product', 'AdvertisedProduct', profile_id, ad_product, date, count(*)
    FROM metrics_by_product GROUP BY ALL
),
days AS (
    SELECT
        d.account, d.profile_id, d.ad_product, d.date, d.place, right(d.report_type, -2) AS suffix,
        s.source, coalesce(c.rows, 0) AS rows
    FROM loaded_days AS d
    JOIN (SELECT DISTINCT source, suffix FROM counts) AS s ON s.suffix = right(d.report_type, -2)
    LEFT JOIN counts AS c
        ON c.suffix = s.suffix AND c.profile_id = d.profile_id AND c.ad_product = d.ad_product AND c.date = d.date
),
compared AS (
    SELECT
        n.account, n.profile_id, n.ad_product, n.source, n.date, n.rows, median(b.rows) AS usual, count(*) AS weekdays
    FROM days AS n
    CROSS JOIN thresholds AS t
    JOIN days AS b
        ON b.profile_id = n.profile_id AND b.ad_product = n.ad_product AND b.source = n.source
        AND b.date < n.date AND b.date >= n.date - 7 * t.weeks AND (n.date - b.date) % 7 = 0
    WHERE n.place = 1
    GROUP BY n.account, n.profile_id, n.ad_product, n.source, n.date, n.rows
    HAVING count(*) >= any_value(t.least_weekdays)
)
SELECT
    c.account, c.profile_id, p.name AS profile_name, format('{}, {}', c.source, c.ad_product) AS subject,
    format('{:,.0f} rows', c.usual) AS expected, format('{:,} rows on {}', c.rows, c.date) AS found,
    CASE
        WHEN abs(c.rows - c.usual) >= t.least_difference
            AND (c.rows < t.least_share * c.usual OR c.rows > t.most_share * c.usual)
            THEN format(
                '{}, {} has {:,} rows, the median of {} {}s before is {:,.0f}', dayname(c.date), c.date, c.rows,
                c.weekdays, dayname(c.date), c.usual
            )
    END AS problem
FROM compared AS c
CROSS JOIN thresholds AS t
LEFT JOIN profiles AS p ON p.profile_id = c.profile_id
ORDER BY problem IS NULL, abs(ln(greatest(c.rows, 1) / greatest(c.usual, 1))) DESC, c.profile_id;
