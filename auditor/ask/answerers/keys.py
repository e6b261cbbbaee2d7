"""The key of a server: read from the environment or the OS keyring, shown nowhere."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from auditor.ask.base import AnswererError

SERVICE = "dataset-auditor"
DEFAULT_VARIABLE = "OPENAI_API_KEY"


@dataclass(frozen=True, slots=True)
class Key:
    """A secret that no repr, traceback or message shows."""

    _value: str = field(repr=False)

    def header(self) -> str:
        return f"Bearer {self._value}"

    def scrub(self, text: str) -> str:
        """`text` without the key: some servers repeat it when they refuse it."""
        return text.replace(self._value, "***")


def find(host: str, variable: str | None, *, loopback: bool) -> Key | None:
    """The key for that host, if there is one.

    From the environment variable, else from the keyring. A server on this machine is never sent
    the key of a service elsewhere. Raises AnswererError where a variable is named and no key found.
    """
    name = variable or (None if loopback else DEFAULT_VARIABLE)
    value = os.environ.get(name, "").strip() if name else ""
    value = value or _from_keyring(host)
    if not value and variable:
        raise AnswererError(
            f"The environment variable {variable} is not set, and the keyring has no key for "
            f"{host}. Set one of them and run again."
        )
    return Key(value) if value else None


def store(host: str, value: str) -> None:
    """Put a key into the OS keyring. Raises AnswererError where this system has none."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(SERVICE, host, value)
    except KeyringError as error:
        raise AnswererError(
            "This system has no keyring that can be used; put the key into an environment "
            f"variable ({DEFAULT_VARIABLE})."
        ) from error


def _from_keyring(host: str) -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        return (keyring.get_password(SERVICE, host) or "").strip()
    except KeyringError:  # no keyring on this system, or it stayed locked
        return ""
