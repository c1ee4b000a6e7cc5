-- One row is which share of one metric's final figure is known at one age of a day, of one report type and profile. A
-- point is believed that is made of 7 days, as in loaded_days.
SELECT profile_id, currency_code, report_type, metric, age_days, share
FROM restatement_curve
WHERE
    share > 0 AND days >= 7
    AND list_contains($profiles::BIGINT[], profile_id) AND list_contains($report_types::VARCHAR[], report_type)
ORDER BY ALL;
