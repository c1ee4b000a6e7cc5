"""Walking through one of Amazon's lists: which call comes next, and whether the list came whole.

Here: the state of one walk, for lists by ``nextToken`` and by index alike. Not here: sending (``client``), reading a
page (``parsing``) or which lists there are (``entities``).
"""

from dataclasses import dataclass, field, replace
from hashlib import blake2b

from ppc_pipeline.amazon_ads.calls import Call, Patience
from ppc_pipeline.amazon_ads.entities.listing import Listing
from ppc_pipeline.amazon_ads.errors import MalformedResponseError
from ppc_pipeline.amazon_ads.models import Page
from ppc_pipeline.amazon_ads.responses import Operation

MAX_PAGES = 20_000
"""A list of more pages has no end: of 100 objects a page it would be two million."""


@dataclass(slots=True)
class Walk:
    """How far a list has been read.

    Attributes:
        account: Whose.
        profile_id: Whose.
        listing: Which list.
        patience: What all its pages together may spend in long cool-downs.
    """

    account: str
    profile_id: int
    listing: Listing
    patience: Patience
    _count: int = 0
    _totals: list[int] = field(default_factory=list)
    _token: str | None = None
    _seen: set[str] = field(default_factory=set)

    def call(self) -> Call:
        """Return the call for the next page."""
        listing = self.listing
        call = Call(
            Operation.LIST,
            listing.method,
            listing.path,
            profile_id=self.profile_id,
            ad_product=listing.throttled_as,
            accept=listing.accept,
            patience=self.patience,
        )
        if listing.method == "GET":
            query = {name: str(value) for name, value in listing.filters.items()}
            return replace(call, query={**query, **self._place()})
        body = dict(listing.filters)
        if listing.page_size is not None:
            body["maxResults"] = listing.page_size
        if self._token is not None:
            body["nextToken"] = self._token
        return replace(call, content_type=listing.content_type or listing.accept, body=body)

    def _place(self) -> dict[str, str]:
        """Return the URL parameters that say where in the list the next page begins."""
        size = str(self.listing.page_size)
        if self.listing.by_index:
            return {"startIndex": str(self._count), "count": size}
        return {"pageSize": size, **({"nextToken": self._token} if self._token is not None else {})}

    def goes_on_after(self, page: Page) -> bool:
        """Take a page in, and say whether another comes after it.

        By index, a list ends with an empty page: one that is not full may be the most that Amazon gives at once.

        Raises:
            MalformedResponseError: The list runs in circles; or it ends with fewer objects than it said it has (the
                smallest number any page named counts, as objects may go meanwhile), and what is missing would pass
                for removed.
        """
        self._count += page.count
        if page.total is not None:
            self._totals.append(page.total)
        self._token = page.next_token
        more = page.count > 0 if self.listing.by_index else page.next_token is not None
        if not more and self._count < (total := min(self._totals, default=0)):
            raise self._malformed(f"ended after {self._count} of {total} objects", page.body)
        if more:
            # A server that does not look at the index serves the same page again and again.
            mark = page.next_token or blake2b(page.body).hexdigest()
            if mark in self._seen or len(self._seen) >= MAX_PAGES:
                raise self._malformed(f"runs in circles: a page came twice, or {MAX_PAGES} pages came")
            self._seen.add(mark)
        return more

    def _malformed(self, what: str, body: bytes = b"") -> MalformedResponseError:
        message = f"the list {self.listing.path} {what}"
        return MalformedResponseError(message, body=body, account=self.account, profile_id=self.profile_id)
