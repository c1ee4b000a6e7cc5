-- One row is how far a day of one age can be trusted, of one profile, currency and metric: the figure as it was known at
-- that age and as it is now, each summed over the same days. `current_figures` is what the report table holds, by day.
--
-- Age is counted in days from the day to the date on which the report was asked for (dated_loads). A day counts for an
-- age when it is final (at least $final_after days old on $today: Amazon counts a sale for up to 30 days after the click and
-- corrects it for 28 more) and was loaded first at that age or before, or after the last break in its history. What was
-- known then is what the last report asked for until then said: the `after` of its restatement, or the `before` of the
-- next one, or what stands now.
WITH ages AS (SELECT unnest([1, 2, 3, 7, 14, 28]) AS age),
loads AS (
    SELECT
        report_id, profile_id, d.date::DATE AS date, requested_at, loaded_at, columns_left_out, days_unclear,
        asked_on - d.date::DATE AS age
    FROM dated_loads CROSS JOIN LATERAL (SELECT unnest(range(start_date, end_date + 1, INTERVAL 1 DAY)) AS date) AS d
    WHERE report_type = $report_type AND d.date <= $today::DATE - $final_after::INTEGER
    -- A report that came after one asked for later told nobody anything: its days were stale.
    QUALIFY coalesce(max(requested_at) OVER (
        PARTITION BY profile_id, d.date ORDER BY loaded_at, requested_at
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) <= requested_at, true)
),
-- The last load after which a metric of a day is not to be compared with what it was before, because nobody wrote down
-- how far the two are apart: it was not asked for, or rows of the day went to quarantine or came out of it.
breaks AS (
    SELECT profile_id, date, metric, max((requested_at, loaded_at)) AS broken_at
    FROM (
        SELECT profile_id, date, requested_at, loaded_at, unnest(columns_left_out) AS metric FROM loads
        UNION ALL
        SELECT profile_id, date, requested_at, loaded_at, unnest($metrics::VARCHAR[]) AS metric
        FROM loads WHERE list_contains(days_unclear, date)
    )
    GROUP BY ALL
),
since_breaks AS (
    SELECT b.profile_id, b.date, b.metric, b.broken_at, min(l.age) AS first_age
    FROM breaks AS b LEFT JOIN loads AS l
        ON l.profile_id = b.profile_id AND l.date = b.date AND (l.requested_at, l.loaded_at) > b.broken_at
    GROUP BY ALL
),
-- By day and metric, from which age on it is known. Where the break is the newest load, it is not.
days AS (
    SELECT
        profile_id, date, metric, broken_at,
        CASE WHEN broken_at IS NULL THEN d.first_age ELSE s.first_age END AS first_age
    FROM (SELECT profile_id, date, min(age) AS first_age FROM loads GROUP BY ALL) AS d
    CROSS JOIN (SELECT unnest($metrics::VARCHAR[]) AS metric)
    LEFT JOIN since_breaks AS s USING (profile_id, date, metric)
    WHERE broken_at IS NULL OR s.first_age IS NOT NULL
),
counted AS (
    SELECT profile_id, metric, age, sum(days)::BIGINT AS days
    FROM (SELECT profile_id, metric, first_age, count(*) AS days FROM days GROUP BY ALL) JOIN ages ON first_age <= age
    GROUP BY ALL
),
finals AS (
    SELECT profile_id, currency_code, metric, age, sum(amount) AS final
    FROM (
        SELECT profile_id, currency_code, metric, first_age, sum(amount) AS amount
        FROM current_figures JOIN days USING (profile_id, date, metric) GROUP BY ALL
    ) JOIN ages ON first_age <= age
    GROUP BY ALL
),
restated AS (
    SELECT
        r.profile_id, r.currency_code, r.metric, r.date, d.first_age, l.age, l.requested_at, r.restated_at,
        coalesce(r.before, 0) AS before, coalesce(r.after, 0) AS after
    FROM restatements AS r
    JOIN days AS d USING (profile_id, date, metric)
    JOIN (SELECT DISTINCT report_id, profile_id, date, age, requested_at FROM loads) AS l
        USING (report_id, profile_id, date)
    WHERE r.report_type = $report_type AND (d.broken_at IS NULL OR (l.requested_at, r.restated_at) > d.broken_at)
),
unlike_now AS (
    SELECT
        r.profile_id, r.currency_code, r.metric, a.age,
        coalesce(
            arg_max(r.after, (r.requested_at, r.restated_at)) FILTER (r.age <= a.age),
            arg_min(r.before, (r.requested_at, r.restated_at)) FILTER (r.age > a.age)
        ) - coalesce(any_value(c.amount), 0) AS difference
    FROM restated AS r
    JOIN ages AS a ON r.first_age <= a.age
    LEFT JOIN current_figures AS c USING (profile_id, currency_code, metric, date)
    GROUP BY r.profile_id, r.currency_code, r.metric, r.date, a.age
),
differences AS (
    SELECT profile_id, currency_code, metric, age, sum(difference) AS difference FROM unlike_now GROUP BY ALL
)
SELECT
    profile_id, currency_code, metric, age, coalesce(final, 0) + coalesce(difference, 0) AS known,
    coalesce(final, 0) AS final, days
FROM finals FULL JOIN differences USING (profile_id, currency_code, metric, age)
JOIN counted USING (profile_id, metric, age)
ORDER BY ALL;
