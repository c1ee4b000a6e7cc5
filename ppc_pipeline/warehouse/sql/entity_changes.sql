-- One kind of entity's part of the view entity_changes: filled in for each table by tables.py, and put together there.
--
-- One row is one change: an attribute that differs between two versions that follow one another, an entity that came
-- after its profile's list of such entities was first read (or came back), or one that Amazon no longer lists.
--
-- change_percent is by how much an amount changed; a bid that was or is NULL counts as the default bid that its ad group
-- had. from_nothing says that there is no percentage because an amount came up from 0, or a bid from nothing known.
--
-- Of two versions that follow one another, the old one ends when the new one begins. They are joined by that moment
-- and not found with window functions: who asks for one day's changes reads that day's versions, and no others.
(
    WITH compared AS (
        SELECT new.valid_from AS seen_at, {which}, unnest([{attributes}]) AS what
        FROM {history} AS new JOIN {history} AS old ON {follows} {defaults}
    )
    SELECT
        seen_at, account, profile_id, currency_code, ad_product, entity, entity_id, campaign_id, name,
        'changed' AS change, what.attribute, what.before, what.after, what.change_percent, what.from_nothing
    FROM compared WHERE what.before IS DISTINCT FROM what.after
    UNION ALL
    SELECT new.valid_from, {which}, 'added', NULL, NULL, NULL, NULL, false
    FROM {history} AS new
    JOIN first_listings AS f
        ON f.entity = {entity} AND f.profile_id = new.profile_id
        AND f.ad_product = coalesce({ad_product}, '') AND f.part = {part}
    LEFT JOIN {history} AS old ON {follows}
    WHERE new.valid_from > f.listed_at AND (old.valid_to IS NULL OR old.removed_at IS NOT NULL)
    UNION ALL
    SELECT new.removed_at, {which}, 'removed', NULL, NULL, NULL, NULL, false
    FROM {history} AS new WHERE new.removed_at IS NOT NULL
)
