-- The warehouse's own tables. Report tables and entity tables follow from declarations (tables.py).

CREATE TABLE IF NOT EXISTS accounts (
    account VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    sandbox BOOLEAN NOT NULL,  -- figures of the sandbox are made up
    profiles INTEGER,          -- reached by it; NULL while it cannot log in
    error VARCHAR,             -- why it cannot be used, and what to do
    checked_at TIMESTAMPTZ NOT NULL
);

-- One row is one load of one report.
CREATE TABLE IF NOT EXISTS load_log (
    report_id VARCHAR NOT NULL,
    account VARCHAR NOT NULL,
    profile_id BIGINT NOT NULL,
    report_type VARCHAR NOT NULL,
    start_date DATE NOT NULL,
    end_date DATE NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL,
    loaded_at TIMESTAMPTZ NOT NULL,
    rows_in_file BIGINT NOT NULL,
    rows_loaded BIGINT NOT NULL,
    rows_rejected BIGINT NOT NULL,
    days_changed INTEGER NOT NULL,    -- days rewritten
    days_unchanged INTEGER NOT NULL,  -- days that were there already, alike
    days_stale INTEGER NOT NULL,      -- days left alone because a report asked for later is there
    columns_missing VARCHAR[] NOT NULL,
    raw_path VARCHAR,
    rows_stale BIGINT,                -- rows of those days: rows_in_file = rows_loaded + rows_rejected + rows_stale
                                      -- (NULL: loaded before this was counted, and they count as loaded)
    columns_left_out VARCHAR[],       -- columns of the table that were not asked for: Amazon refuses them, or they are
                                      -- declared only since
    columns_kept VARCHAR[],           -- those of them that keep figures of an earlier report, in rows that were there
    days_unclear DATE[]               -- days with other rows in quarantine than before: not in restatements
);
ALTER TABLE load_log ADD COLUMN IF NOT EXISTS rows_stale BIGINT;
ALTER TABLE load_log ADD COLUMN IF NOT EXISTS columns_left_out VARCHAR[];
ALTER TABLE load_log ADD COLUMN IF NOT EXISTS days_unclear DATE[];
ALTER TABLE load_log ADD COLUMN IF NOT EXISTS columns_kept VARCHAR[];

-- One row in all. Every load of reports changes it: where two processes write at once, as they may in a lake, the one
-- that commits second is refused, instead of both bringing the same day.
CREATE TABLE IF NOT EXISTS load_turns (loads BIGINT NOT NULL);
INSERT INTO load_turns SELECT 0 WHERE NOT EXISTS (FROM load_turns);

-- One row is a report row or entity that could not be loaded, until a later report or listing covers it.
CREATE TABLE IF NOT EXISTS rejected_rows (
    account VARCHAR NOT NULL,
    profile_id BIGINT NOT NULL,
    source VARCHAR NOT NULL,  -- report type or entity
    report_id VARCHAR,        -- NULL for entities
    row_no BIGINT,            -- place in the file, from 1
    reason VARCHAR NOT NULL,
    raw JSON NOT NULL,
    rejected_at TIMESTAMPTZ NOT NULL,
    ad_product VARCHAR,       -- of an entity; NULL for report rows
    part VARCHAR              -- of an entity: which of the lists of its ad product in one table; '' where there is one
);
ALTER TABLE rejected_rows ADD COLUMN IF NOT EXISTS ad_product VARCHAR;
ALTER TABLE rejected_rows ADD COLUMN IF NOT EXISTS part VARCHAR;

-- One row is when one list of a profile was first read to its end: what comes later was added, even to an empty list.
CREATE TABLE IF NOT EXISTS first_listings (
    entity VARCHAR NOT NULL,
    profile_id BIGINT NOT NULL,
    ad_product VARCHAR NOT NULL,  -- '' where entities belong to none
    part VARCHAR NOT NULL,        -- which of the lists of its ad product in one table; '' where there is one
    listed_at TIMESTAMPTZ NOT NULL
);

-- One row is one metric of one day that Amazon changed after it was first loaded.
CREATE TABLE IF NOT EXISTS restatements (
    date DATE NOT NULL,
    account VARCHAR NOT NULL,
    profile_id BIGINT NOT NULL,
    currency_code VARCHAR NOT NULL,
    report_type VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    before DECIMAL(38, 6),
    after DECIMAL(38, 6),
    report_id VARCHAR NOT NULL,
    restated_at TIMESTAMPTZ NOT NULL
);

-- One row is how much of one metric's final figure was known at one age of a day, for one profile. Made anew daily.
CREATE TABLE IF NOT EXISTS restatement_curve (
    report_type VARCHAR NOT NULL,
    profile_id BIGINT NOT NULL,
    currency_code VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    age_days INTEGER NOT NULL,  -- 1, 2, 3, 7, 14 or 28 days after the day
    known DECIMAL(38, 6) NOT NULL,  -- the figure as known then, summed over the days
    final DECIMAL(38, 6) NOT NULL,  -- the figure as it is now, summed over the same days
    share DOUBLE,                   -- known / final; NULL where that is 0; more than 1: Amazon took some back
    days BIGINT NOT NULL,           -- how many days these are: final, and first loaded at that age or before
    computed_at TIMESTAMPTZ NOT NULL
);

-- One row is what one unit of a currency was worth in another on one day. Written from the file PPC_FX_RATES_FILE;
-- all rows are to one currency, PPC_CURRENCY.
CREATE TABLE IF NOT EXISTS fx_rates (
    date DATE NOT NULL,
    from_currency VARCHAR NOT NULL,
    to_currency VARCHAR NOT NULL,
    rate DECIMAL(18, 10) NOT NULL
);

-- One row is one proposed change: a bid, an exact keyword, a negative keyword, a budget. Made anew with every run; nothing
-- of it is ever sent to Amazon. Amounts are in currency_code; what does not apply to a kind is NULL.
CREATE TABLE IF NOT EXISTS suggestions (
    account VARCHAR NOT NULL,
    profile_id BIGINT NOT NULL,
    country_code VARCHAR,
    currency_code VARCHAR NOT NULL,
    ad_product VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,               -- bid_change, harvest_search_term, negate_search_term or raise_budget
    campaign_id BIGINT NOT NULL,
    campaign_name VARCHAR,
    ad_group_id BIGINT,
    ad_group_name VARCHAR,
    target_id BIGINT,                    -- the keyword or target whose bid changes
    target_kind VARCHAR,                 -- of a search term: what it is to be made, a keyword or a product target
    target_text VARCHAR,
    match_type VARCHAR,                  -- of a search term: what it is to be made
    search_term VARCHAR,                 -- in lower case
    current_value DECIMAL(18, 6),        -- the bid or the daily budget
    suggested_value DECIMAL(18, 6),      -- the bid (of a harvested term: of the new keyword) or the daily budget
    destination_campaign_id BIGINT,      -- where a harvested term goes; NULL: no ad group takes it
    destination_campaign_name VARCHAR,
    destination_ad_group_id BIGINT,
    destination_ad_group_name VARCHAR,
    days_from DATE NOT NULL,             -- the evidence: figures of these days
    days_until DATE NOT NULL,
    days_loaded INTEGER NOT NULL,        -- how many of them are loaded
    clicks BIGINT NOT NULL,
    cost DECIMAL(38, 6) NOT NULL,
    purchases BIGINT NOT NULL,           -- of Sponsored Display only those after a click, none after a view
    sales DECIMAL(38, 6) NOT NULL,       -- likewise
    acos_percent DOUBLE,                 -- cost / sales; NULL without sales
    target_acos_percent DOUBLE NOT NULL, -- what is aimed at
    confidence DOUBLE NOT NULL,          -- from 0 to 1
    expected_cost_change DECIMAL(18, 6) NOT NULL,   -- in 30 days
    expected_sales_change DECIMAL(18, 6) NOT NULL,  -- in 30 days
    reason VARCHAR NOT NULL,
    made_at TIMESTAMPTZ NOT NULL
);

-- One row in all: what tables, views and macros are made from. They are made anew when it is another, or something is
-- gone that was there then, and not with every run: a lake keeps every version of a view.
CREATE TABLE IF NOT EXISTS views_made (digest VARCHAR NOT NULL);
INSERT INTO views_made SELECT '' WHERE NOT EXISTS (FROM views_made);

-- One row is what was there when all was made: a column of a table or view (load_log.report_id), or a macro.
CREATE TABLE IF NOT EXISTS parts_made (name VARCHAR NOT NULL);

-- One row is a day of one profile and ad product whose rows a feature table has: none where there was no activity.
CREATE TABLE IF NOT EXISTS feature_days (
    feature_table VARCHAR NOT NULL,
    profile_id BIGINT NOT NULL,
    ad_product VARCHAR NOT NULL,
    date DATE NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,  -- when the figures were read that the rows are made of
    days_known INTEGER NOT NULL,    -- how many of the 90 days up to the day were loaded then
    loads BIGINT                    -- loads that had changed something in those days; NULL where it was not the newest
);

-- One row in all. Whoever makes rows of a feature table changes it, so that two that do so at once do not both bring
-- the same rows; as load_turns for loads.
CREATE TABLE IF NOT EXISTS feature_turns (turns BIGINT NOT NULL);
INSERT INTO feature_turns SELECT 0 WHERE NOT EXISTS (FROM feature_turns);
