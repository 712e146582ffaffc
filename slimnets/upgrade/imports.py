"""Rewrites import statements, and assignments such as `slim = tf.contrib.slim`."""

from collections.abc import Callable

import libcst as cst

from slimnets.upgrade import renames
from slimnets.upgrade.bindings import dotted
from slimnets.upgrade.resolution import V1, is_installed, remedy
from slimnets.upgrade.spelling import FileNames

_TABLED = ("tensorflow", "tf_slim", "numpy")
_Say = Callable[[cst.CSTNode, str], None]


class ImportRewriter:
    """Turns one statement into those that stand for it today.

    Args:
      names: of the file.
      change: is told what was changed.
      leave: is told what is left to do.
    """

    def __init__(self, names: FileNames, change: _Say, leave: _Say):
        self._names = names
        self._change = change
        self._leave = leave

    def rewrite(
        self, node: cst.BaseSmallStatement, may_fail: bool
    ) -> list[cst.BaseSmallStatement] | None:
        """Returns what a statement becomes, None if it stays or is no import.

        Args:
          node: the statement as it was.
          may_fail: it lies in a `try`, which knows what to do if an import fails.
        """
        if isinstance(node, cst.Import):
            lines = self._rewrite_import(node, may_fail)
        elif isinstance(node, cst.ImportFrom):
            lines = self._rewrite_from(node, may_fail)
        elif isinstance(node, cst.Assign):
            lines = self.rewrite_assignment(node)
        else:
            return None
        before = cst.Module([]).code_for_node(node)
        if lines is None or lines == [before]:
            return None
        self._change(node, f"{_on_one_line(before)} -> {'; '.join(lines)}")
        return [_parse(line) for line in lines]

    def _rewrite_import(self, node: cst.Import, may_fail: bool) -> list[str] | None:
        lines, changed = [], False
        for alias in node.names:
            name = dotted(alias.name) or ""
            bound = dotted(alias.asname.name) if alias.asname else None
            new = self._find(node, name, may_fail)
            changed = changed or new != name
            if new is None and may_fail:
                new, changed = name, False
            lines += _spell_import(name, bound, new)
        return lines if changed else None

    def _rewrite_from(self, node: cst.ImportFrom, may_fail: bool) -> list[str] | None:
        """Groups the names by the modules that have them today."""
        if node.module is None or node.relative:
            return None
        module = dotted(node.module) or ""
        if isinstance(node.names, cst.ImportStar):
            new = self._find(node, module, may_fail)
            return None if new in (module, None) else [f"from {new} import *"]
        groups: dict[str, list[str]] = {}
        gone = []
        changed = False
        for alias in node.names:
            last = dotted(alias.name) or ""
            bound = (dotted(alias.asname.name) if alias.asname else None) or last
            new = self._find(node, f"{module}.{last}", may_fail)
            changed = changed or new != f"{module}.{last}"
            if new is None and not may_fail:
                gone += _stand_in(f"{module}.{last}", bound)
                continue
            parent, _, name = (new or f"{module}.{last}").rpartition(".")
            groups.setdefault(parent, []).append(_alias(name, bound))
        if not changed:
            return None
        imports = [f"from {p} import {', '.join(g)}" for p, g in groups.items()]
        return imports + gone

    def rewrite_assignment(self, node: cst.Assign) -> list[str] | None:
        """Makes an import of a module's assignment, `slim = tf.contrib.slim`."""
        target = node.targets[0].target
        if len(node.targets) > 1 or not isinstance(target, cst.Name):
            return None
        found = self._names.bindings.full_names(node.value)
        if dotted(node.value) is None or len(found) != 1:
            return None
        new = self._names.rename(found[0])
        if new is None or found[0] not in renames.MODULES:
            return None
        parent, _, name = new.rpartition(".")
        return [f"from {parent} import {_alias(name, target.value)}"]

    def _find(self, node: cst.CSTNode, name: str, may_fail: bool) -> str | None:
        """Returns the new name of what is imported; reports what cannot be imported."""
        new = self._names.rename(name)
        if new is None:
            self._leave(node, f"{name}: {remedy(name)}")
        elif new == name:
            self._check_installed(node, name, may_fail)
        return new

    def _check_installed(self, node: cst.CSTNode, name: str, may_fail: bool) -> None:
        own = self._names.own
        if own.needs_compiling(name):
            self._leave(node, f"{name}: its .pyx has to be compiled by Cython first")
        if may_fail or name.startswith(_TABLED) or own.holds_top(name):
            return
        known = renames.longest_prefix(name, renames.REMEDIES)
        if known or not is_installed(name):
            self._leave(node, f"{name}: {remedy(name)}")


def _spell_import(name: str, bound: str | None, new: str | None) -> list[str]:
    """Returns the lines for `import name as bound`, whose new name is `new`."""
    if new == V1:
        return [f"import {V1} as {bound or 'tensorflow'}"]
    if bound is None:
        # `import tensorflow.contrib.x` gives a meaning to `tensorflow`, too.
        is_moved = new != name and name.startswith("tensorflow.")
        top = [f"import {V1} as tensorflow"] if is_moved else []
        return top if is_moved and new is None else [*top, f"import {new or name}"]
    if new is None:
        return _stand_in(name, bound)
    parent, _, last = new.rpartition(".")
    if not parent or new == name:
        return [f"import {_alias(new, bound)}"]
    return [f"from {parent} import {_alias(last, bound)}"]


def _stand_in(name: str, bound: str) -> list[str]:
    """Returns the lines that bind a name to what fails when it is used."""
    return [
        "from slimnets.upgrade.gone import Gone",
        f'{bound} = Gone("{name}", "{remedy(name)}")',
    ]


def _alias(name: str, bound: str) -> str:
    return name if name == bound else f"{name} as {bound}"


def _on_one_line(code: str) -> str:
    return " ".join(code.split())


def _parse(line: str) -> cst.BaseSmallStatement:
    statement = cst.parse_statement(line)
    if not isinstance(statement, cst.SimpleStatementLine):
        raise TypeError(f"no simple statement: {line}")
    return statement.body[0]
