"""What errors say: lines that differ in Amazon's request id alone are one."""

from ppc_pipeline.amazon_ads.errors import RefusedError, distinct, without_request_id


def refusal(request_id: str | None, profile_id: int = 1) -> str:
    return str(
        RefusedError("no", account="acme", profile_id=profile_id, request_id=request_id, remedy="ask the client")
    )


def test_an_errors_line_without_its_request_id_is_that_of_an_error_that_had_none():
    assert without_request_id(refusal("r-1")) == refusal(None)


def test_lines_that_differ_in_the_request_id_alone_are_shown_once_with_an_example():
    assert distinct([refusal("r-1"), refusal("r-2"), refusal("r-9", profile_id=2), refusal("r-1")]) == [
        "account 'acme', profile 1: no (such as Amazon request id r-1) -> ask the client",
        refusal("r-9", profile_id=2),
    ]
