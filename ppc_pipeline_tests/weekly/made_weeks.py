"""A warehouse with seven weeks of figures for two profiles in two currencies, and pages made of it."""

from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline.weekly.contents import contents_of
from ppc_pipeline.weekly.reading import read
from ppc_pipeline.weekly.weeks import Week
from ppc_pipeline_tests.fakes import NOON, SELLER, VENDOR, facts, report_file
from ppc_pipeline_tests.warehouse.made import PROFILES, add_profile, rows_of

WEEK = Week(date(2026, 11, 2))
FIRST = WEEK.before(6).start
DAYS = [FIRST + timedelta(days=n) for n in range(49)]
TYPES = ("spCampaigns", "sbCampaigns", "spTargeting", "spSearchTerm")
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
CLIENTS = {
    SELLER: facts(SELLER, name="Acme US", currency_code="USD", account_type="seller", country_code="US"),
    VENDOR: facts(VENDOR, name="Acme JP", currency_code="JPY", account_type="vendor", country_code="JP"),
}
HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>'
WASTED, SOLD_ONCE = 'free "towel" </td><script>alert(3)</script>', "towel"
TERMS = (  # search term, days after the week's start, clicks, cost, purchases
    (WASTED, 6, 70, 300, 0),
    (WASTED, 0, 7, 21.5, 0),
    (WASTED, -21, 5, 10, 0),
    (WASTED, -22, 1, 1, 9),
    (SOLD_ONCE, 3, 80, 999, 0),
    (SOLD_ONCE, -21, 1, 1, 1),
    ("not this week", -1, 80, 999, 0),
)


def fill_weeks(connection, folder, types=TYPES, days=DAYS, profiles=(SELLER, VENDOR)):
    """Load every day of the weeks; one campaign's name and one search term are hostile."""
    for profile_id in profiles:
        kind, country, currency = PROFILES[profile_id]
        add_profile(connection, profile_id, kind, country, currency)
        for report_type in types:
            made = list(rows_of(report_type, days, profile_id))
            for row in made:
                if row["campaignId"] == 12 and "campaignName" in row:
                    row["campaignName"] = HOSTILE
            if report_type == "spSearchTerm":
                made += [_term_row(made[0], *term) for term in TERMS]
            file = report_file(folder, made, days[0], days[-1], profile_id=profile_id, currency_code=currency)
            (outcome,) = load_files(connection, REPORT_TABLES[report_type], [file], NOON)
            assert not outcome.rows_rejected


def _term_row(like, term, day, clicks, cost, purchases):
    row = like | {"searchTerm": term, "keywordId": 999, "clicks": clicks, "cost": cost}
    sold = {"purchases7d": purchases, "purchases14d": purchases}
    return row | sold | {"date": str(WEEK.start + timedelta(days=day))}


def contents(connection, profile_id=SELLER, week=WEEK, standing=(), profile=None):
    found = read(connection, week, [profile_id])[profile_id]
    profile = profile or CLIENTS[profile_id]
    return contents_of(profile, week, found, standing, sandbox=False, now=NOW)


class Page(HTMLParser):
    """A page as a reader sees it: its tables by id, its text, and every tag with its attributes."""

    def __init__(self, page):
        super().__init__()
        self.tables, self.tags, self.text = {}, [], ""
        self._table = self._cell = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self._table = self.tables.setdefault(dict(attrs)["id"], [])
        elif tag == "tr":
            self._table.append([])
        elif tag in ("td", "th"):
            self._cell = ""

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._table[-1].append(" ".join(self._cell.split()))
            self._cell = None

    def handle_data(self, data):
        self.text += data
        if self._cell is not None:
            self._cell += data + " "
