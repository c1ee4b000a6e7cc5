"""Which of an account's profiles are worked for: chosen by id, country and type.

Here: the filters in the words of the accounts file, why a profile is left out, and which filters have nothing to match.
Not here: where the filters are written (``settings``), or what becomes of a profile (``entities.profiles``).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ppc_pipeline.amazon_ads.models import AdsId
from ppc_pipeline.amazon_ads.regions import COUNTRIES

PROFILE_TYPES = ("seller", "vendor", "agency")
"""What an advertiser can be. Source: ``accountInfo.type`` in Amazon's OpenAPI document of profiles."""

REMEDY = "correct the account's filters in the accounts file, or PPC_PROFILES and its like for an account without one"

_LEFT_OUT = "left out by the account's "
_SHOWN = 10


class Described(Protocol):
    """What a filter looks at of a profile."""

    @property
    def profile_id(self) -> int:
        """Amazon's id."""

    @property
    def name(self) -> str:
        """The advertiser's name, for people."""

    @property
    def country_code(self) -> str:
        """As Amazon spells it: ``UK``."""

    @property
    def account_type(self) -> str:
        """``seller``, ``vendor`` or ``agency``."""


def _country(value: str) -> str:
    country = value.strip().upper()
    if country not in COUNTRIES:
        raise ValueError(f"unknown country; Amazon's are {', '.join(sorted(COUNTRIES))}")
    return country


def _type(value: str) -> str:
    kind = value.strip().lower()
    if kind not in PROFILE_TYPES:
        raise ValueError(f"unknown type of profile; it is {', '.join(PROFILE_TYPES)}")
    return kind


def _split(value: object) -> object:
    """Take a list apart that is written in one line, as environment variables are; one value is a list of one."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [value] if isinstance(value, int) else value


_One = Field(min_length=1)  # a list of nothing would match nothing
Ids = Annotated[frozenset[AdsId], BeforeValidator(_split), _One]
Countries = Annotated[frozenset[Annotated[str, AfterValidator(_country)]], BeforeValidator(_split), _One]
Types = Annotated[frozenset[Annotated[str, AfterValidator(_type)]], BeforeValidator(_split), _One]

_LOOKED_AT = {"profiles": "profile_id", "countries": "country_code", "types": "account_type"}
"""Filter -> what it looks at; each has its opposite, ``exclude_...``."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A filter that has nothing to match.

    Attributes:
        profile_id: The id that is named in vain, if it is one.
        reason: Which filter, what there is instead, and what to do.
    """

    profile_id: int | None
    reason: str


class ProfileFilter(BaseModel):
    """Which profiles are wanted: those that every filter that is set lets through.

    Attributes:
        profiles: Only these ids; they may be written as numbers or as strings.
        exclude_profiles: Not these ids.
        countries: Only these countries, in Amazon's spelling.
        exclude_countries: Not these countries.
        types: Only ``seller``, ``vendor`` or ``agency``.
        exclude_types: Not these types.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    profiles: Ids | None = None
    exclude_profiles: Ids | None = None
    countries: Countries | None = None
    exclude_countries: Countries | None = None
    types: Types | None = None
    exclude_types: Types | None = None

    def contradictions(self) -> Iterator[tuple[str, str]]:
        """Yield (filter, value) of what is both included and excluded."""
        for name in _LOOKED_AT:
            both = (self._values(name) or frozenset()) & (self._values(f"exclude_{name}") or frozenset())
            yield from ((name, str(value)) for value in sorted(both, key=str))

    def leaves_out(self, profile: Described) -> str | None:
        """Return why a profile is not wanted, or None where it is."""
        for name, attribute in _LOOKED_AT.items():
            value = getattr(profile, attribute)
            included, excluded = self._values(name), self._values(f"exclude_{name}")
            if included is not None and value not in included:
                return f"{_LEFT_OUT}`{name}`"
            if excluded is not None and value in excluded:
                return f"{_LEFT_OUT}`exclude_{name}`"
        return None

    def judged_otherwise(self, profile: Described, skip_reason: str | None) -> bool:
        """Say whether a profile was let through or left out by other filters than these."""
        before = skip_reason if skip_reason and skip_reason.startswith(_LEFT_OUT) else None
        return before != self.leaves_out(profile)

    def misses(self, listed: Sequence[Described]) -> list[Miss]:
        """Name the filters that have nothing to match among all profiles of the account.

        An id that Amazon does not list is named whether it is included or excluded: misspelt, it would let in what is
        to stay out. A country or type that is excluded may be there one day: it is a rule, and no error; see
        ``unmatched``.
        """
        there = {profile.profile_id for profile in listed}
        misses = [
            Miss(id_, f"`{name}` names {id_}, and Amazon does not list it: it lists {_profiles(listed)} -> {fix}")
            for name, fix in (("profiles", _ASK), ("exclude_profiles", _TAKE_OUT))
            for id_ in sorted({int(id_) for id_ in self._values(name) or ()} - there)
        ]
        for name in ("countries", "types"):
            included, found = self._values(name), Counter(getattr(profile, _LOOKED_AT[name]) for profile in listed)
            if included is not None and not included & found.keys():
                asked = ", ".join(sorted(map(str, included)))
                misses.append(
                    Miss(None, f"`{name}: {asked}` matches no profile: there are {_counts(found)} -> {REMEDY}")
                )
        if not any(miss.profile_id is None for miss in misses) and listed and all(map(self.leaves_out, listed)):
            misses.append(Miss(None, f"its filters leave none of its profiles: it has {_profiles(listed)} -> {REMEDY}"))
        return misses

    def unmatched(self, own: Sequence[Described], others: Sequence[Described] = ()) -> list[str]:
        """Name the single countries and types that no profile has: a slip, or what is to come, and so no error.

        Filters that match nothing at all, and ids, are named by ``misses``.

        Args:
            own: The account's profiles.
            others: Those of other accounts, which may be reached by this one too: what is to stay out may be theirs.
        """
        found = []
        for name in ("countries", "types"):
            counts = Counter(getattr(profile, _LOOKED_AT[name]) for profile in own)
            there = {*counts, *(getattr(profile, _LOOKED_AT[name]) for profile in others)}
            included, excluded = self._values(name) or frozenset(), self._values(f"exclude_{name}") or frozenset()
            in_vain = [(name, included - counts.keys())] if included & counts.keys() else []
            for filter_name, values in (*in_vain, (f"exclude_{name}", excluded - there)):
                if values:
                    named = ", ".join(sorted(map(str, values)))
                    found.append(
                        f"`{filter_name}: {named}` matches no profile: there are {_counts(counts)} -> {_SPARE}"
                    )
        return found if own else []

    def _values(self, name: str) -> frozenset[int | str] | None:
        values: frozenset[int | str] | None = getattr(self, name)
        return values


_ASK = "correct the id, or ask for access to it"
_SPARE = "correct it, or take it out; where such a profile is still to come, nothing is to be done"
_TAKE_OUT = "correct the id, or take it out"


def _counts(found: Counter[str]) -> str:
    return ", ".join(f"{value} ({number})" for value, number in sorted(found.items())) or "none at all"


def _profiles(listed: Collection[Described]) -> str:
    named = [f"{p.profile_id} ({p.name}, {p.country_code}, {p.account_type})" for p in listed]
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    return ", ".join(named[:_SHOWN]) + more if named else "none"
