"""What every endpoint works with.

Here: the options, the clock, the memory and the signer, put together once for an app, and how an endpoint gets hold of
them and of the call's body. Not here: any endpoint.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request

from ppc_pipeline.sandbox.accounts import Profile, find_profile
from ppc_pipeline.sandbox.creation import world_of
from ppc_pipeline.sandbox.options import SandboxOptions
from ppc_pipeline.sandbox.signing import Signer
from ppc_pipeline.sandbox.state import State
from ppc_pipeline.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One sandbox."""

    options: SandboxOptions
    clock: Callable[[], datetime]
    state: State
    signer: Signer

    def world(self, profile: Profile) -> World:
        """Return what is in a profile."""
        return world_of(self.options, profile)

    def profile(self, account: str, profile_id: int) -> Profile | None:
        """Return an account's profile by its id."""
        return find_profile(self.options, account, profile_id)

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
