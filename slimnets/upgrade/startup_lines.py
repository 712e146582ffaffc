"""Decides which of TensorFlow 1's ways a file needs, and where it asks for them.

A program needs all of them: its graphs, sessions and queues are TensorFlow 1's. A file
of networks needs none, and stays usable where TensorFlow runs eagerly; but one that
branches in the graph needs the old control flow, in which the updates that a branch
collects can be run from outside.
"""

from collections.abc import Iterable, Sequence

import libcst as cst

from slimnets.upgrade.bindings import Bindings, dotted

_OFF = {
    "disable_v2_behavior",
    "disable_eager_execution",
}
_PROGRAMS = {
    "Session",
    "InteractiveSession",
    "MonitoredSession",
    "MonitoredTrainingSession",
    "SingularMonitoredSession",
    "Supervisor",
    "start_queue_runners",
    "app.run",
    "test.TestCase",
    "learning.train",
    "evaluation.evaluate_once",
    "evaluation.evaluation_loop",
}
_BRANCHES = {"cond", "case", "while_loop", "smart_cond"}
_GRAPH = {"placeholder", "Variable", "get_variable"}


def choose_line(module: cst.Module, bindings: Bindings) -> tuple[str, bool] | None:
    """Returns what a file has to call, or None.

    Args:
      module: the file's syntax tree.
      bindings: what its names stand for.

    Returns:
      The name of a function of tf.compat.v1; and whether it is to be called only where
      the file is the program, after `if __name__ == "__main__":`.
    """
    if _ends(bindings.uses, _OFF):
        return None
    guard = find_guard(module.body)
    outside = [statement for statement in module.body if statement is not guard]
    used = _uses(outside, bindings)
    at_once = _uses(filter(_runs_at_once, outside), bindings)
    if (
        _ends(used, _PROGRAMS)
        or _ends(at_once, _GRAPH)
        or _ends(bindings.uses, {"app.run"})
    ):
        return "disable_v2_behavior", False
    if guard is not None and bindings.uses:
        return "disable_v2_behavior", True
    if _ends(used, _BRANCHES):
        return "disable_control_flow_v2", False
    return None


def find_guard(body: Iterable[cst.CSTNode]) -> cst.If | None:
    """Returns the statement `if __name__ == "__main__":`."""
    for statement in body:
        if isinstance(statement, cst.If) and isinstance(statement.test, cst.Comparison):
            parts = {
                dotted(statement.test.left),
                *(dotted(c.comparator) for c in statement.test.comparisons),
            }
            if "__name__" in parts:
                return statement
    return None


def place_in_guard(
    body: Sequence[cst.CSTNode], line: cst.SimpleStatementLine
) -> list[cst.CSTNode]:
    """Returns a file's statements with a line at the start of what the guard has."""
    guard = find_guard(body)
    if guard is None or not isinstance(guard.body, cst.IndentedBlock):
        return place_after_imports(body, [line])
    block = guard.body.with_changes(body=[line, *guard.body.body])
    new = guard.with_changes(body=block)
    return [new if node is guard else node for node in body]


def place_after_imports(
    body: Sequence[cst.CSTNode], lines: Sequence[cst.SimpleStatementLine]
) -> list[cst.CSTNode]:
    """Returns a file's statements with lines put behind its import of TensorFlow.

    Behind its first one, for what is imported next may build a graph; else before all
    but the docstring and imports from __future__.
    """
    where = next((i + 1 for i, node in enumerate(body) if _imports_ours(node)), None)
    if where is None:
        where = 0
        while where < len(body) and _comes_first(body[where], where):
            where += 1
    return [*body[:where], *lines, *body[where:]]


def _imports_ours(node: cst.CSTNode) -> bool:
    visitor = _ImportsOf(("tensorflow", "slimnets"))
    if not isinstance(node, cst.FunctionDef | cst.ClassDef):
        node.visit(visitor)
    return visitor.found


def _comes_first(node: cst.CSTNode, index: int) -> bool:
    if not isinstance(node, cst.SimpleStatementLine):
        return False
    statement = node.body[0]
    if isinstance(statement, cst.ImportFrom) and statement.module:
        return dotted(statement.module) == "__future__"
    is_text = isinstance(statement, cst.Expr) and isinstance(
        statement.value, cst.SimpleString | cst.ConcatenatedString
    )
    return index == 0 and is_text


def _runs_at_once(node: cst.CSTNode) -> bool:
    return not isinstance(node, cst.FunctionDef | cst.ClassDef)


def _ends(names: Iterable[str], ends: Iterable[str]) -> bool:
    """Returns whether a full name ends with one of `ends`."""
    dots = tuple(f".{end}" for end in ends)
    return any(name.endswith(dots) for name in names)


def _uses(nodes: Iterable[cst.CSTNode], bindings: Bindings) -> set[str]:
    visitor = _Chains(bindings)
    for node in nodes:
        node.visit(visitor)
    return visitor.found


class _Chains(cst.CSTVisitor):
    """Collects the full names that statements use."""

    def __init__(self, bindings: Bindings):
        super().__init__()
        self._bindings = bindings
        self.found: set[str] = set()

    def visit_Attribute(self, node: cst.Attribute) -> None:
        self.found.update(self._bindings.full_names(node))

    def visit_Name(self, node: cst.Name) -> None:
        self.found.update(self._bindings.full_names(node))


class _ImportsOf(cst.CSTVisitor):
    """Looks for an import of certain packages."""

    def __init__(self, packages: Sequence[str]):
        super().__init__()
        self._packages = packages
        self.found = False

    def visit_ImportAlias(self, node: cst.ImportAlias) -> None:
        self._look(node.name)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        if node.module is not None and not node.relative:
            self._look(node.module)

    def _look(self, node: cst.CSTNode) -> None:
        top = (dotted(node) or "").partition(".")[0]
        self.found = self.found or top in self._packages
