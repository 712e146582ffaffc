"""What the names of one file stand for: its imports, and what is assigned from them."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import libcst as cst
from libcst import metadata


def dotted(node: cst.CSTNode) -> str | None:
    """Returns `a.b.c` for names joined by dots, None for any other expression."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        value = dotted(node.value)
        return value and f"{value}.{node.attr.value}"
    return None


def root(node: cst.BaseExpression) -> cst.BaseExpression:
    """Returns the first name of names joined by dots."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return node


def parse_dotted(name: str) -> cst.Name | cst.Attribute:
    """Returns the expression for `a.b.c`."""
    first, *rest = name.split(".")
    node: cst.Name | cst.Attribute = cst.Name(first)
    for part in rest:
        node = cst.Attribute(node, cst.Name(part))
    return node


class Bindings:
    """Tells what the names in a file stand for.

    Args:
      wrapper: the file's syntax tree.
    """

    def __init__(self, wrapper: metadata.MetadataWrapper):
        self._scopes = wrapper.resolve(metadata.ScopeProvider)
        self._positions = wrapper.resolve(metadata.PositionProvider)
        self._assigned = {
            assignment.name
            for scope in set(self._scopes.values())
            if scope is not None
            for assignment in scope.assignments
        }
        self._aliases: dict[str, str | None] = {}
        visitor = _Collector(self._enter_alias)
        wrapper.module.visit(visitor)
        self.bound = visitor.names
        self.uses = {name for node in visitor.chains for name in self.full_names(node)}

    def full_names(self, node: cst.CSTNode) -> Sequence[str]:
        """Returns the full names that a dotted expression may have by the imports."""
        found = set()
        for name in self._qualify(node):
            if name.source == metadata.QualifiedNameSource.IMPORT:
                found.add(name.name)
            elif name.source == metadata.QualifiedNameSource.LOCAL:
                found.update(self._through_alias(name.name))
        return sorted(found)

    def is_assigned(self, name: str) -> bool:
        """Returns whether anything in the file gives a name a meaning."""
        return name in self._assigned

    def is_global(self, node: cst.CSTNode) -> bool:
        """Returns whether a statement binds names of the whole file."""
        return isinstance(self._scopes.get(node), metadata.GlobalScope)

    def line(self, node: cst.CSTNode) -> int:
        """Returns the line that a node of the file begins at."""
        position: Any = self._positions[node]
        return int(position.start.line)

    def _enter_alias(self, target: cst.Name, value: cst.BaseExpression) -> None:
        """Notes an assignment such as `slim = tf.contrib.slim`.

        A name that is assigned different things stands for none of them.
        """
        names = self.full_names(value) if dotted(value) else ()
        name = names[0] if len(names) == 1 else None
        for key in (local.name for local in self._qualify(target)):
            same = self._aliases.setdefault(key, name) == name
            self._aliases[key] = name if same else None

    def _through_alias(self, name: str) -> Iterator[str]:
        inside, mark, rest = name.rpartition(".<locals>.")
        first = inside + mark + rest.partition(".")[0]
        target = self._aliases.get(first)
        if target:
            yield target + name.removeprefix(first)

    def _qualify(self, node: cst.CSTNode) -> Collection[metadata.QualifiedName]:
        scope = self._scopes.get(node)
        return scope.get_qualified_names_for(node) if scope is not None else ()


class _Collector(cst.CSTVisitor):
    """Collects names, dotted expressions, and assignments to one name."""

    def __init__(self, enter: Callable[[cst.Name, cst.BaseExpression], None]):
        super().__init__()
        self._enter = enter
        self.names: set[str] = set()
        self.chains: list[cst.Attribute] = []

    def visit_Name(self, node: cst.Name) -> None:
        self.names.add(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        chain = dotted(node)
        if chain:
            self.names.add(chain.partition(".")[0])
            self.chains.append(node)
        return chain is None

    def visit_Assign(self, node: cst.Assign) -> None:
        for target in node.targets:
            if isinstance(target.target, cst.Name):
                self._enter(target.target, node.value)
