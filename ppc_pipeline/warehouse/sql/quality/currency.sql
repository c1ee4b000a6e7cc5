-- One row is a profile and currency that its figures of $start to $end are in: it must be the profile's own.
WITH found AS (
    SELECT account, profile_id, currency_code, 'campaigns' AS what, date FROM metrics_by_campaign
    UNION ALL
    SELECT account, profile_id, currency_code, 'keywords and targets', date FROM metrics_by_target
),
counted AS (
    SELECT
        any_value(account) AS account, profile_id, what, nullif(trim(currency_code), '') AS currency_code,
        count(*) AS rows, min(date) AS first_date, max(date) AS last_date
    FROM found WHERE date BETWEEN $start AND $end
    GROUP BY profile_id, what, nullif(trim(currency_code), '')
)
SELECT
    c.account, c.profile_id, p.name AS profile_name, c.what AS subject,
    coalesce(p.currency_code, 'a profile''s currency') AS expected, coalesce(c.currency_code, 'none') AS found,
    CASE
        WHEN c.currency_code IS NULL
            THEN format('{} rows from {} to {} have no currency', c.rows, c.first_date, c.last_date)
        WHEN p.currency_code IS NOT NULL AND c.currency_code <> p.currency_code THEN format(
            '{} rows from {} to {} are in {}, the profile is in {}', c.rows, c.first_date, c.last_date, c.currency_code,
            p.currency_code
        )
    END AS problem
FROM counted AS c LEFT JOIN profiles AS p ON p.profile_id = c.profile_id
ORDER BY problem IS NULL, c.profile_id, c.what;
