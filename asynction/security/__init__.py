"""Security: who a client is, and what it may do, by the security schemes of a document."""

from asynction.security._access import (
    Guard,
    Identity,
    SecurityBusy,
    authenticate,
    authorize,
    recognise,
    scopes_of,
)
from asynction.security._info import SecurityInfo
from asynction.security._jwt import JwtCheck, JwtError, jwt_function
from asynction.security._request import Request
from asynction.security._schemes import SCOPE_FUNCTION, Kind, kind_of

__all__ = [
    "SCOPE_FUNCTION",
    "Guard",
    "Identity",
    "JwtCheck",
    "JwtError",
    "Kind",
    "Request",
    "SecurityBusy",
    "SecurityInfo",
    "authenticate",
    "authorize",
    "jwt_function",
    "kind_of",
    "recognise",
    "scopes_of",
]
