-- How far a fresh day can be trusted: by profile, currency, metric and age, the figures as they were known at that age
-- and as they are now, each summed over the same days. `current_figures` is what the report table holds, by day.
--
-- Age is counted in days from the day to the UTC date on which the report was asked for. A day counts for an age when
-- it is final (at least $final_after days old on $today: Amazon counts a sale for up to 30 days after the click and
-- corrects it for 28 more) and was loaded first at that age or before. What was known then is what the last report
-- asked for until then said: the `after` of its restatement, or the `before` of the next one, or what stands now.
WITH ages AS (SELECT unnest([1, 2, 3, 7, 14, 28]) AS age),
loads AS (
    SELECT
        report_id, profile_id, d.date::DATE AS date, requested_at,
        columns_left_out, date_diff('day', d.date::DATE, timezone('UTC', requested_at)::DATE) AS age
    FROM load_log CROSS JOIN LATERAL (SELECT unnest(range(start_date, end_date + 1, INTERVAL 1 DAY)) AS date) AS d
    WHERE report_type = $report_type AND d.date <= $today::DATE - $final_after::INTEGER
    -- A report that came after one asked for later told nobody anything: its days were stale.
    QUALIFY coalesce(max(requested_at) OVER (
        PARTITION BY profile_id, d.date ORDER BY loaded_at, requested_at
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) <= requested_at, true)
),
-- Metrics that the newest report of a day was asked for without: nobody knows what they are now, and what stands there
-- is of an earlier report.
unknown AS (
    SELECT profile_id, date, unnest(left_out) AS metric FROM (
        SELECT profile_id, date, arg_max(columns_left_out, requested_at) AS left_out FROM loads GROUP BY ALL
    )
),
days AS (SELECT profile_id, date, min(age) AS first_age FROM loads GROUP BY ALL),
counted AS (
    SELECT profile_id, age, count(*) AS days FROM days JOIN ages ON first_age <= age GROUP BY ALL
),
finals AS (
    SELECT profile_id, currency_code, metric, age, sum(amount) AS final
    FROM (
        SELECT profile_id, currency_code, metric, first_age, sum(amount) AS amount
        FROM current_figures JOIN days USING (profile_id, date) ANTI JOIN unknown USING (profile_id, date, metric)
        GROUP BY ALL
    ) JOIN ages ON first_age <= age
    GROUP BY ALL
),
restated AS (
    SELECT
        r.profile_id, r.currency_code, r.metric, r.date, d.first_age, l.age, l.requested_at, r.restated_at,
        coalesce(r.before, 0) AS before, coalesce(r.after, 0) AS after
    FROM restatements AS r
    JOIN days AS d USING (profile_id, date)
    JOIN (SELECT DISTINCT report_id, profile_id, date, age, requested_at FROM loads) AS l
        USING (report_id, profile_id, date)
    ANTI JOIN unknown USING (profile_id, date, metric)
    WHERE r.report_type = $report_type
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
JOIN counted USING (profile_id, age)
ORDER BY ALL;
