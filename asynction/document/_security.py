"""Reads the security schemes and requirements of every version of AsyncAPI into one form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from asynction.contract import Requirements, SecurityScheme
from asynction.document._nodes import Node, unused_name
from asynction.problems import did_you_mean

_SCOPED = frozenset({"oauth2", "openIdConnect"})


class Schemes:
    """The security schemes of a document, and its requirements."""

    def __init__(self, root: Node, version: str) -> None:
        self.named_in_requirements = version[0] == "2"
        components = root.get("components")
        found = components.items("securitySchemes") if components is not None else ()
        self.schemes = {name: _scheme(name, node) for name, node in found if isinstance(node.value, dict)}

    def requirements(self, node: Node, key: str) -> Requirements | None:
        """Return the alternatives at `key`, each a mapping of schemes to scopes; None where it is absent."""
        if not isinstance(node.value, dict) or key not in node.value:
            return None
        found = ((written, written.resolved()) for written in node.listed(key))
        return tuple(
            self._read_2(requirement) if self.named_in_requirements else self._read_3(written, requirement)
            for written, requirement in found
            if requirement is not None and isinstance(requirement.value, dict)
        )

    def _read_2(self, requirement: Node) -> Mapping[str, tuple[str, ...]]:
        """Read a Security Requirement Object: names of schemes, each with the required scopes."""
        required: dict[str, tuple[str, ...]] = {}
        for name in requirement.value if isinstance(requirement.value, dict) else ():
            required[name] = tuple(_texts(requirement, name))
            if name in self.schemes:
                self._check_scopes(requirement, name, self.schemes[name], required[name])
            else:
                near = did_you_mean(name, self.schemes)
                requirement.report(
                    "security-scheme", f"no security scheme `{name}` is defined{near}", key=name
                )
        return required

    def _read_3(self, written: Node, scheme: Node) -> Mapping[str, tuple[str, ...]]:
        """Read a Security Scheme Object, which has the required scopes inside."""
        name = next((name for name, known in self.schemes.items() if known.fields is scheme.value), None)
        if name is None:
            # Not named by its pointer, which is another one in a bundle. A component has no `#` in its name.
            wanted = scheme.label if written.ref is not None else f"#{scheme.text('type')}"
            name = unused_name(wanted, self.schemes)
            self.schemes[name] = _scheme(name, scheme)
        scopes = tuple(_texts(scheme, "scopes"))
        self._check_scopes(scheme, "scopes", self.schemes[name], scopes)
        return {name: scopes}

    def _check_scopes(self, node: Node, key: str, scheme: SecurityScheme, scopes: tuple[str, ...]) -> None:
        if scopes and scheme.type not in _SCOPED:
            message = f"the scheme `{scheme.name}` is of type `{scheme.type}`, which has no scopes"
            node.report("security-scope", message, key=key)
        defined = _defined_scopes(scheme)
        for scope in scopes:
            if defined is not None and scope not in defined:
                near = did_you_mean(scope, defined)
                node.report(
                    "security-scope", f"the scheme `{scheme.name}` has no scope `{scope}`{near}", key=key
                )


def _texts(node: Node, key: str) -> Iterator[str]:
    return (item.value for item in node.each(key) if isinstance(item.value, str))


def _scheme(name: str, node: Node) -> SecurityScheme:
    fields = node.value if isinstance(node.value, dict) else {}
    return SecurityScheme(name, node.text("type"), fields, node.location)


def _defined_scopes(scheme: SecurityScheme) -> set[str] | None:
    """Return the scopes of all flows of an OAuth 2 scheme; None for a scheme that does not list scopes."""
    flows = scheme.fields.get("flows")
    if scheme.type != "oauth2" or not isinstance(flows, Mapping):
        return None
    found: set[str] = set()
    for flow in flows.values():
        for key in ("scopes", "availableScopes"):
            scopes = flow.get(key) if isinstance(flow, Mapping) else None
            found.update(scopes if isinstance(scopes, Mapping) else ())
    return found
