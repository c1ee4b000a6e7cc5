-- One row is the days whose figures count for one profile, ad product and purpose: of the last $days days those that
-- are loaded, without those younger than $settling_days days, whose sales Amazon still goes on counting. To negate a
-- term takes days whose attribution window is over: the purchase of a younger click may yet come. The temporary table
-- `evidence_days` of the other files here.
WITH sources (report_type, ad_product, source) AS (
    VALUES
        ('spTargeting', 'SPONSORED_PRODUCTS', 'targets'),
        ('sbTargeting', 'SPONSORED_BRANDS', 'targets'),
        ('sdTargeting', 'SPONSORED_DISPLAY', 'targets'),
        ('spSearchTerm', 'SPONSORED_PRODUCTS', 'terms_to_harvest'),
        ('sbSearchTerm', 'SPONSORED_BRANDS', 'terms_to_harvest'),
        ('spSearchTerm', 'SPONSORED_PRODUCTS', 'terms_to_negate'),
        ('sbSearchTerm', 'SPONSORED_BRANDS', 'terms_to_negate'),
        ('spCampaigns', 'SPONSORED_PRODUCTS', 'campaigns'),
        ('sbCampaigns', 'SPONSORED_BRANDS', 'campaigns'),
        ('sdCampaigns', 'SPONSORED_DISPLAY', 'campaigns')
),
spans AS (
    SELECT
        a.profile_id, s.*,
        $today::DATE - $settling_days::INTEGER - $days::INTEGER + 1 AS first_day,
        $today::DATE - CASE s.source
            WHEN 'terms_to_negate' THEN greatest(a.window_days, $settling_days::INTEGER)
            ELSE $settling_days::INTEGER
        END AS last_day
    FROM sources AS s JOIN temp.advertisers AS a USING (ad_product)
),
loaded AS (
    SELECT DISTINCT
        l.profile_id, s.ad_product, s.source,
        unnest(range(greatest(l.start_date, first_day), least(l.end_date, last_day) + 1, INTERVAL 1 DAY))::DATE AS date
    FROM load_log AS l JOIN spans AS s USING (profile_id, report_type)
    WHERE l.start_date <= last_day AND l.end_date >= first_day
)

SELECT profile_id, ad_product, source, min(date) AS days_from, max(date) AS days_until, count(*) AS days_loaded
FROM loaded GROUP BY ALL;
