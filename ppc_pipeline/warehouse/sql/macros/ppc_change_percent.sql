-- By how many percent a figure changed; NULL where it was nothing before.
CREATE OR REPLACE MACRO ppc_change_percent(now, before) AS ppc_percent(now - before, before);
