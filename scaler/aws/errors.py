"""botocore's exceptions, mapped once, at the boundary, to what scaler calls them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from scaler.aws.interface import AccessDenied, AwsFailed, AwsUnavailable, ClockSkewed, Throttled
from scaler.aws.redaction import one_safe_line
from scaler.errors import ScalerError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# Error codes of the services scaler talks to; https://docs.aws.amazon.com/general/latest/gr/api-error-codes and
# the "Common errors" page of each API reference. Both the names of the query protocol and of the JSON one.
CREDENTIAL_CODES = frozenset(
    {
        "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidAccessKeyId",
        "InvalidClientTokenId", "InvalidSignatureException", "InvalidToken", "MissingAuthenticationToken",
        "MissingAuthenticationTokenException", "SignatureDoesNotMatch", "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)  # fmt: skip
DENIED_CODES = frozenset(
    {
        "AccessDenied", "AccessDeniedException", "AuthorizationError", "NotAuthorized", "OptInRequired",
        "UnauthorizedOperation",
    }
)  # fmt: skip
THROTTLING_CODES = frozenset(
    {
        "EC2ThrottledException", "PriorRequestNotComplete", "RequestLimitExceeded", "RequestThrottled",
        "RequestThrottledException", "SlowDown", "Throttling", "ThrottledException", "ThrottlingException",
        "TooManyRequestsException",
    }
)  # fmt: skip
SKEW_CODES = frozenset({"RequestExpired", "RequestTimeTooSkewed"})


def profile_in_use() -> str:
    """Name of the profile that botocore selects from the environment."""
    return os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"


def translate(error: Exception, *, operation: str, resource: str, profile: str | None = None) -> ScalerError:
    """What ``error`` means to the reader. Total: every exception gets an answer, and none quotes a secret.

    Args:
        error: what botocore raised.
        operation: the IAM action that was tried, e.g. ``cloudwatch:GetMetricData``.
        resource: what it was tried on, e.g. ``AWS/ApplicationELB RequestCount``.
        profile: the profile in use; the environment's if not given.

    Returns:
        AwsUnavailable: no usable credentials, region or network.
        AccessDenied: names the action and the resource.
        Throttled: AWS throttled until the attempts were used up.
        ClockSkewed: AWS does not accept this machine's time.
        AwsFailed: anything else.
    """
    from botocore.exceptions import ClientError

    if isinstance(error, ScalerError):
        return error
    profile = one_safe_line(profile or profile_in_use())
    if isinstance(error, ClientError):
        return _answered(error, operation=operation, resource=resource, profile=profile)
    return _not_answered(error, operation=operation, resource=resource, profile=profile)


def _answered(error: ClientError, *, operation: str, resource: str, profile: str) -> ScalerError:
    """AWS answered with an error code."""
    given = error.response.get("Error", {})
    code = one_safe_line(given.get("Code") or "Unknown")
    message = one_safe_line(given.get("Message") or "AWS gave no message")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in SKEW_CODES or "Signature expired" in message or "Signature not yet current" in message:
        return ClockSkewed(
            f"AWS did not accept the time of the request {operation}",
            why=f"clock skew: this machine's clock differs from AWS's by minutes ({code})",
            next_step="Set this machine's clock (NTP), then run the command again.",
        )
    if code in CREDENTIAL_CODES:
        return _no_credentials(profile, f"AWS rejected them with {code}")
    if code in THROTTLING_CODES or status == 429:
        return Throttled(
            f"AWS throttled {operation} for {resource}",
            why=f"{code}, after all attempts: {message}",
            next_step="Run it again later, or ask for a higher request quota; what was archived is not asked again.",
        )
    if code in DENIED_CODES or status == 403:
        return AccessDenied(
            f"AWS refused {operation} for {resource}",
            why=f"{code}: {message}",
            next_step=f"Allow {operation} in the IAM policy of the identity of profile {profile!r}.",
        )
    return AwsFailed(
        f"AWS answered {operation} for {resource} with an error",
        why=f"{code}: {message}",
        next_step="Look the code up in the API reference of the service; the attempts allowed are used up.",
    )


def _not_answered(error: Exception, *, operation: str, resource: str, profile: str) -> ScalerError:
    """The call did not get as far as an answer that can be read."""
    for kinds, describe in _kinds():
        if isinstance(error, kinds):
            return describe(error, operation, profile)
    return AwsFailed(
        f"{operation} for {resource} did not work",
        why=f"{type(error).__name__}: {one_safe_line(error)}",
        next_step="Run it again with --debug to see where it comes from.",
    )


def _kinds() -> tuple[tuple[tuple[type[Exception], ...], Callable[[Exception, str, str], ScalerError]], ...]:
    from botocore import exceptions as botocore

    no_credentials: tuple[type[Exception], ...] = (
        botocore.NoCredentialsError, botocore.PartialCredentialsError, botocore.CredentialRetrievalError,
        botocore.NoAuthTokenError, botocore.TokenRetrievalError, botocore.UnknownTokenProviderError,
        botocore.UnknownCredentialError, botocore.InfiniteLoopConfigError, botocore.InvalidConfigError,
        botocore.RefreshWithMFAUnsupportedError, botocore.MetadataRetrievalError, botocore.SSOError,
    )  # fmt: skip
    # Newer botocore only: sessions of ``aws login``.
    login = getattr(botocore, "LoginError", None)
    no_region = (
        botocore.NoRegionError, botocore.UnknownRegionError, botocore.InvalidRegionError,
        botocore.UnknownEndpointError, botocore.ServiceNotInRegionError, botocore.EndpointVariantError,
    )  # fmt: skip
    no_network = (botocore.HTTPClientError, botocore.ConnectionError, botocore.IncompleteReadError)
    no_settings = (botocore.ProfileNotFound, botocore.ConfigParseError, botocore.ConfigNotFound)
    return (
        (no_settings, _settings_unreadable),
        (no_credentials + ((login,) if login else ()), _credentials_missing),
        (no_region, _no_region),
        (no_network, _no_network),
        ((botocore.CapacityNotAvailableError,), _out_of_retries),
    )


def _no_credentials(profile: str, why: str) -> AwsUnavailable:
    return AwsUnavailable(
        f"no valid AWS credentials for profile {profile!r}",
        why=why,
        next_step=f"Run `aws sso login --profile {profile}`, or `aws configure --profile {profile}` for keys.",
    )


def _credentials_missing(error: Exception, _operation: str, profile: str) -> ScalerError:
    # The text of some of these quotes the output of a credential process: only fixed parts are repeated.
    provider = getattr(error, "kwargs", {}).get("provider")
    source = f" (provider {one_safe_line(provider)})" if provider else ""
    why = {
        "NoCredentialsError": "botocore found none in the environment, the AWS files or the instance",
        "PartialCredentialsError": f"a key id or its secret is missing{source}",
        "UnauthorizedSSOTokenError": "the SSO session has expired or is not valid",
        "SSOTokenLoadError": "there is no SSO session of this profile",
        "LoginRefreshRequired": "the login session has expired",
    }.get(type(error).__name__, f"they could not be read: {type(error).__name__}{source}")
    return _no_credentials(profile, why)


def _settings_unreadable(error: Exception, _operation: str, profile: str) -> ScalerError:
    return AwsUnavailable(
        f"the AWS settings of profile {profile!r} cannot be used",
        why=one_safe_line(error),
        next_step="List the profiles with `aws configure list-profiles`, and set AWS_PROFILE to one of them.",
    )


def _no_region(error: Exception, operation: str, profile: str) -> ScalerError:
    return AwsUnavailable(
        f"no AWS region is set to ask {operation.partition(':')[0]} in",
        why=one_safe_line(error),
        next_step=f"Set defaults.region in the configuration, AWS_REGION, or a region for profile {profile!r}.",
    )


def _no_network(error: Exception, operation: str, _profile: str) -> ScalerError:
    return AwsUnavailable(
        f"AWS does not answer {operation}",
        why=one_safe_line(error),
        next_step="Check the network, the proxy, and AWS_ENDPOINT_URL if it is set.",
    )


def _out_of_retries(_error: Exception, operation: str, _profile: str) -> ScalerError:
    return Throttled(
        f"AWS throttled {operation}",
        why="it kept throttling until no request was left in the rate that botocore allows itself",
        next_step="Run it again later; what was archived is not asked again.",
    )
