"""What every endpoint works with.

Here: the options, the clock, the memory and the signer, put together once for an app, and how an endpoint gets hold of
them and of the call's body. Not here: any endpoint.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_PRODUCTS
from ppc_pipeline.sandbox.accounts import Profile, find_profile
from ppc_pipeline.sandbox.creation import world_of
from ppc_pipeline.sandbox.faults import Fault, Plan
from ppc_pipeline.sandbox.options import SandboxOptions
from ppc_pipeline.sandbox.signing import Signer
from ppc_pipeline.sandbox.state import State
from ppc_pipeline.sandbox.world import World


@dataclass(slots=True)
class Faults:
    """What goes wrong at present; may be changed while the sandbox serves."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One sandbox."""

    options: SandboxOptions
    clock: Callable[[], datetime]
    state: State
    signer: Signer
    faults: Faults = field(default_factory=lambda: Faults(Plan(0)))

    def world(self, profile: Profile, ad_product: str = SPONSORED_PRODUCTS) -> World:
        """Return what a profile has of an ad product."""
        return world_of(self.options, profile, ad_product)

    def profile(self, account: str, profile_id: int) -> Profile | None:
        """Return an account's profile by its id."""
        return find_profile(self.options, account, profile_id)

    def is_hit(self, fault: Fault, identity: str) -> bool:
        """Say whether a fault hits something for as long as its rule stands, and count it."""
        hit = self.faults.plan.hits(fault, identity)
        if hit:
            self.state.count_fault(fault)
        return hit

    def token_epoch(self, account: str) -> int:
        """Return how often the tokens of an account were ended before their time."""
        return self.state.token_epoch(account) if self.faults.plan else 0

    def today(self, profile: Profile) -> date:
        """Return the date where a profile is."""
        return self.clock().astimezone(ZoneInfo(profile.market.timezone)).date()


def sandbox_of(request: Request) -> Sandbox:
    """Return the sandbox that a request was made to."""
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


def body_of(request: Request) -> bytes:
    """Return the body of a request, read beforehand by ``middleware.BodyReader``."""
    body: bytes = request.state.body
    return body
