-- By how many percent a figure changed; NULL where it was nothing before.
CREATE OR REPLACE MACRO change_percent(now, before) AS percent(now - before, before);
