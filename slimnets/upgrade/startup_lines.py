"""Decides which of TensorFlow 1's ways a file needs, and where it asks for them.

A program needs all of them: its graphs, sessions and queues are TensorFlow 1's. A file
of networks needs none, and stays usable where TensorFlow runs eagerly; but one that
branches in the graph needs the old control flow, in which the updates that a branch
collects can be run from outside.
"""

from collections.abc import Callable, Iterable, Sequence

import libcst as cst

from slimnets.upgrade.bindings import Bindings, dotted

# A file that calls one of these has chosen.
_CHOICES = {
    "disable_v2_behavior",
    "disable_eager_execution",
    "enable_eager_execution",
    "enable_v2_behavior",
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
# Those of the layers branch on a tensor `is_training`.
_BRANCHES = {"cond", "case", "while_loop", "smart_cond", "batch_norm", "dropout"}
_GRAPH = {"placeholder", "Variable", "get_variable"}


def choose_line(
    module: cst.Module, bindings: Bindings, is_new: bool
) -> tuple[str, bool] | None:
    """Returns what a file has to call, or None.

    Args:
      module: the file's syntax tree.
      bindings: what its names stand for.
      is_new: it was written for TensorFlow 2.

    Returns:
      The name of a function of tf.compat.v1; and whether it is to be called only where
      the file is the program, after `if __name__ == "__main__":`.
    """
    if _ends(bindings.uses, _CHOICES):
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
    if guard is not None and not is_new:
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


def place_in_guard(body: Sequence[cst.CSTNode], line: str) -> list[cst.CSTNode]:
    """Returns a file's statements with a line at the start of what the guard has."""
    guard = find_guard(body)
    if guard is None or not isinstance(guard.body, cst.IndentedBlock):
        return place_call(body, line)
    block = guard.body.with_changes(body=[cst.parse_statement(line), *guard.body.body])
    new = guard.with_changes(body=block)
    return [new if node is guard else node for node in body]


def place_imports(
    body: Sequence[cst.CSTNode], lines: Sequence[str]
) -> list[cst.CSTNode]:
    """Returns a file's statements with imports put behind its first of TensorFlow.

    Where it has none they come before all but the docstring and what is imported from
    __future__.
    """
    where = _find(body, lambda imports: imports.packages & {"tensorflow", "slimnets"})
    while where < len(body) and _comes_first(body[where], where):
        where += 1
    return [*body[:where], *map(cst.parse_statement, lines), *body[where:]]


def place_call(body: Sequence[cst.CSTNode], line: str) -> list[cst.CSTNode]:
    """Returns a file's statements with a call put behind the import of its first name.

    Not behind all imports: one of the program's files may build a graph.
    """
    first = line.partition(".")[0]
    where = _find(body, lambda imports: first in imports.bound)
    return [*body[:where], cst.parse_statement(line), *body[where:]]


def _find(body: Sequence[cst.CSTNode], fits: Callable[["_Imports"], object]) -> int:
    """Returns the place behind the first statement whose imports fit; 0 if none do."""
    for index, node in enumerate(body):
        imports = _Imports()
        if not isinstance(node, cst.FunctionDef | cst.ClassDef):
            node.visit(imports)
        if fits(imports):
            return index + 1
    return 0


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


class _Imports(cst.CSTVisitor):
    """Collects the packages that a statement imports from, and the names it binds."""

    def __init__(self) -> None:
        super().__init__()
        self.packages: set[str] = set()
        self.bound: set[str] = set()

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            self.packages.add(_top(alias.name))
            self.bound.add(_top(alias.asname.name if alias.asname else alias.name))

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        if node.module is not None and not node.relative:
            self.packages.add(_top(node.module))
        if not isinstance(node.names, cst.ImportStar):
            for alias in node.names:
                self.bound.add(_top(alias.asname.name if alias.asname else alias.name))


def _top(node: cst.CSTNode) -> str:
    return (dotted(node) or "").partition(".")[0]
