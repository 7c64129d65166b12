"""botocore's exceptions at the boundary."""

from __future__ import annotations

import string
from collections.abc import Iterator

import botocore.discovery
import botocore.exceptions
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaler.aws.errors import CREDENTIAL_CODES, DENIED_CODES, SKEW_CODES, THROTTLING_CODES, translate
from scaler.aws.interface import AccessDenied, AwsFailed, AwsUnavailable, ClockSkewed, Throttled
from scaler.aws.redaction import LONGEST_CHARACTERS, one_safe_line
from scaler.errors import ScalerError

KEY_ID = "AKIAIOSFODNN7CANARY1"
SECRET = "wJalrXUtnFEMIcanary0bPxRfiCYEXAMPLEKEY99"
WHAT = {"operation": "cloudwatch:GetMetricData", "resource": "AWS/ApplicationELB RequestCount", "profile": "ops"}


def subclasses(base: type[Exception]) -> Iterator[type[Exception]]:
    """Every class below ``base``, itself included, once."""
    yield base
    for each in base.__subclasses__():
        yield from subclasses(each)


BOTOCORE = sorted(
    {each for each in subclasses(botocore.exceptions.BotoCoreError) if each.__module__.startswith("botocore")},
    key=lambda each: each.__name__,
)


def made(kind: type[Exception]) -> Exception:
    """An exception of ``kind`` whose every part is a secret, made as botocore makes it."""
    names = [name for _, name, _, _ in string.Formatter().parse(getattr(kind, "fmt", "")) if name]
    parts = dict.fromkeys(names, f"{KEY_ID} {SECRET}")
    if kind is botocore.exceptions.WaiterError:
        return botocore.exceptions.WaiterError(name=SECRET, reason=SECRET, last_response={})
    return kind(**parts)


def client_error(code: str, message: str = "no", status: int = 400) -> botocore.exceptions.ClientError:
    """What botocore raises for an error that AWS answered."""
    return botocore.exceptions.ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetMetricData"
    )


def lines(error: ScalerError) -> tuple[str, str, str]:
    """Everything that an error says."""
    return error.what, error.why, error.next_step


@pytest.mark.parametrize("kind", BOTOCORE, ids=lambda kind: kind.__name__)
def test_the_map_is_total(kind: type[Exception]) -> None:
    """Every exception that botocore can raise has an answer of three plain lines, and none repeats a secret."""
    answer = translate(made(kind), **WHAT)

    assert isinstance(answer, ScalerError)
    assert answer.exit_code == 1
    for line in lines(answer):
        assert line.strip()
        assert "\n" not in line
        assert KEY_ID not in line
        assert SECRET not in line


def test_the_walk_finds_what_botocore_has() -> None:
    """The totality test would notice if the walk over the exceptions found hardly any."""
    assert len(BOTOCORE) > 80
    assert botocore.exceptions.UnauthorizedSSOTokenError in BOTOCORE


@pytest.mark.parametrize(
    "kind",
    [
        botocore.exceptions.NoCredentialsError,
        botocore.exceptions.PartialCredentialsError,
        botocore.exceptions.CredentialRetrievalError,
        botocore.exceptions.UnauthorizedSSOTokenError,
        botocore.exceptions.SSOTokenLoadError,
        botocore.exceptions.TokenRetrievalError,
        botocore.exceptions.MetadataRetrievalError,
    ],
)
def test_missing_credentials_name_the_profile_and_the_login(kind: type[Exception]) -> None:
    """Whatever keeps credentials away, the reader is told which profile and how to log in."""
    answer = translate(made(kind), **WHAT)

    assert isinstance(answer, AwsUnavailable)
    assert "'ops'" in answer.what
    assert "aws sso login --profile ops" in answer.next_step
    assert "aws configure" in answer.next_step


@pytest.mark.parametrize("code", sorted(CREDENTIAL_CODES))
def test_rejected_credentials_are_missing_credentials(code: str) -> None:
    """Expired or invalid keys are told like absent ones; AWS's text, which can echo a signature, is left out."""
    answer = translate(client_error(code, f"The Canonical String should be {SECRET}", 403), **WHAT)

    assert isinstance(answer, AwsUnavailable)
    assert code in answer.why
    assert "aws sso login --profile ops" in answer.next_step
    assert not any(SECRET in line for line in lines(answer))


@pytest.mark.parametrize("code", sorted(DENIED_CODES))
def test_denied_names_action_and_resource(code: str) -> None:
    """A refusal says which IAM action is missing, and on what."""
    answer = translate(client_error(code, "User is not authorized", 403), **WHAT)

    assert isinstance(answer, AccessDenied)
    assert "cloudwatch:GetMetricData" in answer.what
    assert "AWS/ApplicationELB RequestCount" in answer.what
    assert "cloudwatch:GetMetricData" in answer.next_step


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        *((client_error(code), Throttled) for code in sorted(THROTTLING_CODES)),
        *((client_error(code), ClockSkewed) for code in sorted(SKEW_CODES)),
        (client_error("SignatureDoesNotMatch", "Signature expired: 20261121T100000Z is now earlier"), ClockSkewed),
        (client_error("SomethingNew", status=403), AccessDenied),
        (client_error("SomethingNew", status=429), Throttled),
        (client_error("ValidationError"), AwsFailed),
        (botocore.exceptions.ClientError({}, "GetMetricData"), AwsFailed),
        (botocore.exceptions.NoRegionError(), AwsUnavailable),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="http://x"), AwsUnavailable),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="http://x"), AwsUnavailable),
        (botocore.exceptions.CapacityNotAvailableError(), Throttled),
        (botocore.exceptions.ProfileNotFound(profile="ops"), AwsUnavailable),
        (RuntimeError("never seen before"), AwsFailed),
    ],
    ids=str,
)
def test_each_error_gets_its_kind(error: Exception, kind: type[ScalerError]) -> None:
    """Callers tell the kinds apart by type; the exact type, not a subclass of it."""
    assert type(translate(error, **WHAT)) is kind


def test_the_profile_is_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an explicit profile the message names the one that botocore selects."""
    about = {"operation": "sts:GetCallerIdentity", "resource": "identity"}
    assert "'default'" in translate(botocore.exceptions.NoCredentialsError(), **about).what
    monkeypatch.setenv("AWS_PROFILE", "staging")
    assert "'staging'" in translate(botocore.exceptions.NoCredentialsError(), **about).what


def test_an_error_of_ours_passes_unchanged() -> None:
    """What was translated once is not translated again."""
    ours = AccessDenied("a", why="b", next_step="c")
    assert translate(ours, **WHAT) is ours


@given(st.text(max_size=1000))
def test_a_message_is_one_short_line(text: str) -> None:
    """Whatever AWS says, it fits a line and moves no cursor."""
    line = one_safe_line(text)
    assert len(line) <= LONGEST_CHARACTERS
    assert line == "" or line.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        f"key {KEY_ID} is unknown",
        f"Credential={KEY_ID}/20261121/us-east-1/monitoring/aws4_request, Signature={SECRET}",
        f"x-amz-security-token:{SECRET}",
        f'{{"SecretAccessKey": "{SECRET}"}}',
        f"password = {SECRET[:12]}",
        f"http://user:{SECRET}@proxy.example:3128",
        f"the secret {SECRET} alone",
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    """Key ids, secrets, tokens, signatures and passwords of a proxy do not survive."""
    line = one_safe_line(text)
    assert KEY_ID not in line
    assert SECRET[:12] not in line
    assert "[redacted]" in line


@pytest.mark.parametrize(
    "text",
    [
        "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: cloudwatch:GetMetricData",
        "app/checkout/50dc6c495c0c9188",
        "targetgroup/checkoutservice/73e2d6bc24d8a067",
        'Could not connect to the endpoint URL: "http://127.0.0.1:5000/"',
    ],
)
def test_names_are_left_in(text: str) -> None:
    """What the reader needs to find the resource is not mistaken for a secret."""
    assert one_safe_line(text) == text
