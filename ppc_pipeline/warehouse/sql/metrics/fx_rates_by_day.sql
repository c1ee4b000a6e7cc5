-- One row is the rate of one day: the newest of fx_rates that is of that day or before it, and at most 7 days old.
-- Grain: date, from_currency.
SELECT d.date::DATE AS date, r.from_currency, r.to_currency, r.rate
FROM (
    SELECT *, lead(date) OVER (PARTITION BY from_currency, to_currency ORDER BY date) AS next_date FROM fx_rates
) AS r
CROSS JOIN LATERAL (
    SELECT unnest(range(r.date, least(r.date + 8, coalesce(r.next_date, r.date + 8)), INTERVAL 1 DAY)) AS date
) AS d;
