"""The types of security schemes that can be checked: their credentials, and the functions that check them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from asynction.contract import SecurityScheme
from asynction.security import _credentials as credentials
from asynction.security._credentials import Credential, Find
from asynction.security._request import Request

SCOPE_FUNCTION = "x-scopeValidateFunc"
"""The extension with the function that compares scopes; without it, each required scope must be granted."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of security scheme.

    Args:
        find: The function that finds the credential in a request.
        functions: The extensions that may name the function that checks the credential. It is called
            with the parts of the credential.
        scopes: True where the function is called with the required scopes as well.
        bearer_format: True where the function is called with the bearer format as well.
        places: where `find` looks, for the log, with fields of the scheme in braces.
    """

    find: Find
    functions: tuple[str, ...]
    scopes: bool = False
    bearer_format: bool = False
    places: tuple[str, ...] = ()

    @property
    def takes_jwt(self) -> bool:
        """True where the credential is a token, which `x-jwt` can check."""
        return self.find is credentials.bearer

    def of_jwt(self) -> Kind:
        """Return the same kind for a function that takes only the token."""
        return replace(self, scopes=False, bearer_format=False)

    def credential(self, scheme: SecurityScheme, request: Request) -> Credential | None:
        """Return the credential in a request; None for none, or for one that is not fit for a function."""
        found = self.find(scheme.fields, request)
        if found is None or self.find is credentials.certificate or credentials.fits(found):
            return found  # a certificate is long and has line breaks, but TLS has already checked it
        return None

    def places_of(self, scheme: SecurityScheme) -> str:
        """Return where the credential is looked for, for the log."""
        fields = defaultdict(str, {name: str(value) for name, value in scheme.fields.items()})
        return " or ".join(place.format_map(fields) for place in self.places)

    def arguments(
        self, credential: Credential, required: list[str], scheme: SecurityScheme
    ) -> tuple[object, ...]:
        """Return the args to call the function with."""
        args: tuple[object, ...] = credential
        if self.scopes:
            args = (*args, required)
        if self.bearer_format:
            args = (*args, scheme.fields.get("bearerFormat"))
        return args

    @property
    def arity(self) -> int:
        """The number of args that the function is called with."""
        parts = 2 if self.find is credentials.user_password else 1
        return parts + self.scopes + self.bearer_format


_BASIC = "the header `Authorization: Basic`"
_BEARER = ("the header `Authorization: Bearer`", "`token` of `auth`")
_PASSWORD = (_BASIC, "`username` and `password` of `auth`")

KINDS: Mapping[str, Kind] = {
    "basic": Kind(credentials.user_password, ("x-basicInfoFunc",), scopes=True, places=_PASSWORD),
    "bearer": Kind(
        credentials.bearer,
        ("x-bearerInfoFunc", "x-basicBearerInfoFunc"),
        scopes=True,
        bearer_format=True,
        places=_BEARER,
    ),
    "http": Kind(
        credentials.http, ("x-httpInfoFunc",), scopes=True, places=("the header `Authorization: {scheme}`",)
    ),
    "httpApiKey": Kind(
        credentials.http_api_key,
        ("x-apiKeyInfoFunc",),
        scopes=True,
        places=("the {in} `{name}`", "`{name}` of `auth`"),
    ),
    "apiKey": Kind(
        credentials.api_key, ("x-apiKeyInfoFunc",), scopes=True, places=(_BASIC, "the {in} of `auth`")
    ),
    "userPassword": Kind(credentials.user_password, ("x-userPasswordInfoFunc",), places=_PASSWORD),
    "oauth2": Kind(credentials.bearer, ("x-tokenInfoFunc",), places=_BEARER),
    "openIdConnect": Kind(credentials.bearer, ("x-tokenInfoFunc",), places=_BEARER),
    "X509": Kind(
        credentials.certificate, ("x-certificateInfoFunc",), places=("the client certificate of TLS",)
    ),
}
"""The types that can be checked; `http` is the row of every HTTP scheme without a row of its own."""


def kind_of(scheme: SecurityScheme) -> Kind | None:
    """Return the kind of a scheme; None for one that cannot be checked (SASL, keys of message encryption)."""
    if scheme.type == "http":
        return KINDS.get(str(scheme.fields.get("scheme", "")).lower(), KINDS["http"])
    return KINDS.get(scheme.type)
