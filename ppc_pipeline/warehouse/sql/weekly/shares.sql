-- One row is which share of one metric's final figure is known at one age of a day (known_shares), of one report type and
-- profile. Of none nothing follows.
SELECT profile_id, currency_code, report_type, metric, age_days, share
FROM known_shares
WHERE
    share > 0
    AND list_contains($profiles::BIGINT[], profile_id) AND list_contains($report_types::VARCHAR[], report_type)
ORDER BY ALL;
