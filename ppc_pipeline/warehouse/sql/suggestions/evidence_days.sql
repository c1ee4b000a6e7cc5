-- One row is the days whose figures count for one profile, ad product and kind of report: of the last $days days those
-- that are loaded, without the youngest $settling_days, whose sales Amazon still goes on counting. The temporary table
-- `evidence_days` of the other files here.
WITH sources (report_type, ad_product, source) AS (
    VALUES
        ('spTargeting', 'SPONSORED_PRODUCTS', 'targets'),
        ('sbTargeting', 'SPONSORED_BRANDS', 'targets'),
        ('spSearchTerm', 'SPONSORED_PRODUCTS', 'search_terms'),
        ('sbSearchTerm', 'SPONSORED_BRANDS', 'search_terms'),
        ('spCampaigns', 'SPONSORED_PRODUCTS', 'campaigns'),
        ('sbCampaigns', 'SPONSORED_BRANDS', 'campaigns')
),
span AS (
    SELECT
        $today::DATE - $settling_days::INTEGER - $days::INTEGER + 1 AS first_day,
        $today::DATE - $settling_days::INTEGER AS last_day
),
loaded AS (
    SELECT DISTINCT
        l.profile_id, s.ad_product, s.source,
        unnest(range(greatest(l.start_date, first_day), least(l.end_date, last_day) + 1, INTERVAL 1 DAY))::DATE AS date
    FROM load_log AS l JOIN sources AS s USING (report_type) CROSS JOIN span
    WHERE l.start_date <= last_day AND l.end_date >= first_day
)

SELECT profile_id, ad_product, source, min(date) AS days_from, max(date) AS days_until, count(*) AS days_loaded
FROM loaded GROUP BY ALL;
