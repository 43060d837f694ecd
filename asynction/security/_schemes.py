"""A security scheme made ready to check: where its credential is, and whom to ask about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from asynction.contract import SecurityScheme
from asynction.security import _credentials as credentials
from asynction.security._credentials import Credential, Find
from asynction.security._request import Request

SCOPE_FUNCTION = "x-scopeValidateFunc"
"""The extension that names who decides whether scopes suffice; without it, each one must be there."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a type of scheme.

    `functions` are the extensions that may name the function to ask. It is called with the parts of
    the credential, then with the required scopes and the bearer format where `scopes` and
    `bearer_format` say so.
    """

    find: Find
    functions: tuple[str, ...]
    scopes: bool = False
    bearer_format: bool = False

    @property
    def takes_jwt(self) -> bool:
        """Whether the credential is a token, which `x-jwt` can check."""
        return self.find is credentials.bearer

    def of_jwt(self) -> Kind:
        """The same for a function that takes a token alone."""
        return replace(self, scopes=False, bearer_format=False)

    def credential(self, scheme: SecurityScheme, request: Request) -> Credential | None:
        """What the request brings for a scheme; None where that is nothing, or nothing that can be meant."""
        found = self.find(scheme.fields, request)
        if found is None or self.find is credentials.certificate or credentials.fits(found):
            return found
        return None

    def arguments(
        self, credential: Credential, required: list[str], scheme: SecurityScheme
    ) -> tuple[object, ...]:
        """What the function is called with."""
        args: tuple[object, ...] = credential
        if self.scopes:
            args = (*args, required)
        if self.bearer_format:
            args = (*args, scheme.fields.get("bearerFormat"))
        return args

    @property
    def arity(self) -> int:
        """How many args the function is called with."""
        parts = 2 if self.find is credentials.user_password else 1
        return parts + self.scopes + self.bearer_format


KINDS: Mapping[str, Kind] = {
    "basic": Kind(credentials.user_password, ("x-basicInfoFunc",), scopes=True),
    "bearer": Kind(
        credentials.bearer, ("x-bearerInfoFunc", "x-basicBearerInfoFunc"), scopes=True, bearer_format=True
    ),
    "http": Kind(credentials.http, ("x-httpInfoFunc",), scopes=True),
    "httpApiKey": Kind(credentials.http_api_key, ("x-apiKeyInfoFunc",), scopes=True),
    "apiKey": Kind(credentials.api_key, ("x-apiKeyInfoFunc",), scopes=True),
    "userPassword": Kind(credentials.user_password, ("x-userPasswordInfoFunc",)),
    "oauth2": Kind(credentials.bearer, ("x-tokenInfoFunc",)),
    "openIdConnect": Kind(credentials.bearer, ("x-tokenInfoFunc",)),
    "X509": Kind(credentials.certificate, ("x-certificateInfoFunc",)),
}
"""The types that can be checked; `http` stands for every HTTP scheme that has no row of its own."""


def kind_of(scheme: SecurityScheme) -> Kind | None:
    """The row of a scheme; None where nothing here can check it (SASL, keys of message encryption)."""
    if scheme.type == "http":
        return KINDS.get(str(scheme.fields.get("scheme", "")).lower(), KINDS["http"])
    return KINDS.get(scheme.type)
