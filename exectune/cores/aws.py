"""A client of Amazon Bedrock. In: region, profile and URL as they are set, and the environment. Out: boto3's client.

All that can be wrong before the first call is found here, and named: no region, one without Bedrock, no such profile,
no credentials, or expired ones. An endpoint on this host needs none of them.
"""

import difflib
import os
from typing import Any
from urllib.parse import urlsplit

from exectune.errors import ConnectionSettingsError

CONNECT_S = 10.0
HERE = ("localhost", "127.0.0.1", "::1")
AMAZON = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
BEARER = "AWS_BEARER_TOKEN_BEDROCK"  # a Bedrock API key, in place of credentials


def connect(
    region: str | None, profile: str | None, url: str | None, timeout_s: float, max_connections: int
) -> Any:
    """The client. It sends nothing twice.

    Raises:
        ConnectionSettingsError: what is missing or wrong, and what to set.
    """
    import boto3
    from botocore import UNSIGNED, exceptions
    from botocore.config import Config

    here = url is not None and _host(url) in HERE
    try:
        session = boto3.Session(profile_name=profile)
        region = region or os.environ.get("AWS_REGION") or session.region_name
        region = region or ("us-east-1" if here else None)  # boto3 wants one for any endpoint
        if not url:
            _check_region(region, session)
        signed = bool(os.environ.get(BEARER)) or _has_credentials(session)
        if not signed and not here:
            raise ConnectionSettingsError(
                "no AWS credentials: run `aws configure` or `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID "
                f"and AWS_SECRET_ACCESS_KEY, or {BEARER}"
            )
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 1},
            connect_timeout=CONNECT_S,
            read_timeout=timeout_s,
            tcp_keepalive=True,
            max_pool_connections=max_connections,
            **({} if signed else {"signature_version": UNSIGNED}),
        )
        return session.client("bedrock-runtime", region_name=region, endpoint_url=url, config=config)
    except exceptions.NoRegionError:
        raise ConnectionSettingsError(
            "no AWS region: set AWS_REGION, or endpoints.bedrock.region in params.yaml"
        ) from None
    except exceptions.ProfileNotFound as error:
        raise ConnectionSettingsError(f"{error}: set AWS_PROFILE or endpoints.bedrock.profile") from None
    except (exceptions.BotoCoreError, ValueError) as error:
        raise ConnectionSettingsError(f"Bedrock cannot be reached as it is set: {error}") from None


def _host(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConnectionSettingsError(
            f"endpoints.bedrock.url is {url!r}: it has to begin with http:// or https://"
        )
    return parts.hostname


def _check_region(region: str | None, session: Any) -> None:
    """A mistyped region is a host that does not exist, which would look like a network that is down."""
    from botocore import exceptions

    if not region:
        raise exceptions.NoRegionError
    known = {
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("bedrock", partition)
    }
    if region not in known:
        near = difflib.get_close_matches(region, known) or sorted(known)
        raise ConnectionSettingsError(
            f"Bedrock is not known in the AWS region {region!r}: set AWS_REGION or endpoints.bedrock.region to one of "
            f"{', '.join(near)}; for a newer one, set endpoints.bedrock.url as well"
        )


def _has_credentials(session: Any) -> bool:
    """Whether there are any; they are also fetched, so that what has expired is found before the first call."""
    credentials = session.get_credentials()
    return credentials is not None and bool(credentials.get_frozen_credentials().access_key)


def elsewhere(url: str) -> str:
    """`@host:port` where an endpoint is not Amazon's own, so that its replies are never taken for Amazon's."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.endswith(AMAZON):
        return ""
    return f"@{host}:{parts.port}" if parts.port else f"@{host}"
