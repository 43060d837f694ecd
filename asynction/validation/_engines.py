"""The validators of jsonschema-rs, one for each draft."""

from __future__ import annotations

from collections.abc import Callable

import jsonschema_rs

ENGINES: dict[int, Callable[..., jsonschema_rs.Validator]] = {
    4: jsonschema_rs.Draft4Validator,
    6: jsonschema_rs.Draft6Validator,
    7: jsonschema_rs.Draft7Validator,
    2019: jsonschema_rs.Draft201909Validator,
    2020: jsonschema_rs.Draft202012Validator,
}
