-- The highest of one kind of thing by one figure, over some days: filled in by top.py.
--
-- One row is one thing in one currency: amounts of different currencies are neither added nor compared, so that each
-- currency has its own highest. Rates are sum over sum.
WITH sums AS (
    SELECT profile_id, currency_code, {keys}, {names}, {figures}
    FROM {table}
    WHERE date BETWEEN $start AND $end AND ($profiles = [] OR list_contains($profiles::BIGINT[], profile_id)) AND {where}
    GROUP BY ALL
),
rated AS (SELECT *, {rates} FROM sums)
SELECT r.profile_id, coalesce(p.called, r.profile_id::VARCHAR) AS profile, r.* EXCLUDE (profile_id)
FROM rated AS r LEFT JOIN (SELECT profile_id AS whose, name AS called FROM profiles) AS p ON p.whose = r.profile_id
QUALIFY row_number() OVER (PARTITION BY currency_code ORDER BY {by} {direction} NULLS LAST, {keys}, r.profile_id) <= $most
ORDER BY currency_code, {by} {direction} NULLS LAST, {keys}, r.profile_id
