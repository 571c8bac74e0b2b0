"""The way to a server that speaks OpenAI's protocol, for raw and for chat completions.

The key comes from the environment and is never printed or stored. Only transport is
retried, by the client itself: a refused connection, a timeout, or status 408, 409, 429
(after the time the server asks for) and 5xx.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from helpers.llm.backend import BackendError

KEY = "OPENAI_API_KEY"


class EndpointError(BackendError):
    """The server could not be asked, or its answer holds no completions."""


def check_address(base_url: str) -> None:
    """See that a server can be asked at all, before anything is.

    Raises
    ------
    ValueError
        If it is no address, or holds a password, which would end up in files.
    ModuleNotFoundError
        If the package openai is missing.
    """
    if not base_url.startswith(("http://", "https://")):
        raise ValueError(
            f"base_url is {base_url!r}; allowed: an address that begins with "
            "http:// or https://"
        )
    if "@" in urlsplit(base_url).netloc:
        raise ValueError(
            "base_url holds a name or password; allowed: an address alone, with the "
            "key in the environment"
        )
    if importlib.util.find_spec("openai") is None:
        raise ModuleNotFoundError(
            "asking a server needs the package openai: pip install 'reprise[server]'"
        )


def open_client(
    base_url: str, *, timeout: float, retries: int, variable: str = KEY
) -> Any:
    """An ``openai.OpenAI``, whose connections several threads may share.

    Parameters
    ----------
    timeout : float
        Seconds to wait for one answer.
    retries : int
        Repeats of what failed in transport.
    variable : str
        Environment variable that holds the key.
    """
    import openai

    # local servers want no key, but the client insists on one
    key = os.environ.get(variable) or "none"
    return openai.OpenAI(
        base_url=base_url, api_key=key, timeout=timeout, max_retries=retries
    )


@contextmanager
def told_plainly(base_url: str, retries: int) -> Iterator[None]:
    """Turn the client's many errors into one line that says what the server said."""
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise EndpointError(
            f"{base_url} refused with status {error.status_code}: {reason(error)}"
        ) from None
    except openai.APIError as error:
        raise EndpointError(
            f"{base_url} gave no usable answer after {retries} retries: {error.message}"
        ) from None
    except ValueError as error:  # a body that is no JSON
        raise EndpointError(f"{base_url} gave no usable answer: {error}") from None


def reason(error: Any) -> str:
    """The server's own words, short."""
    body = error.body if isinstance(error.body, dict) else {}
    return str(body.get("message") or error.message)[:300]
