"""Rewrites one file: its imports, the names it uses, sizes of shapes.

Comments and layout stay as they are.
"""

import ast
import contextlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import libcst as cst
from libcst import metadata

from slimnets.upgrade import indentation, renames, startup_lines
from slimnets.upgrade.bindings import Bindings, dotted, parse_dotted, root
from slimnets.upgrade.dimensions import Dimensions
from slimnets.upgrade.imports import ImportRewriter
from slimnets.upgrade.own_modules import OwnModules
from slimnets.upgrade.report import Note, Report
from slimnets.upgrade.resolution import V1, exists, remedy
from slimnets.upgrade.spelling import FileNames

_ALL_OLD = "disable_v2_behavior"
_PYTHON_2_METHODS = {"iteritems": "items", "iterkeys": "keys", "itervalues": "values"}


def rewrite(source: bytes, file: Path, own: OwnModules, report: Report) -> bytes:
    """Returns a file's source with today's names.

    Args:
      source: the file's bytes, in the encoding that they declare.
      file: its path in the program, for the report.
      own: the program's own modules.
      report: takes what was changed and what is left.

    Returns:
      The source as it was if it is no Python 3, or if nothing is to be changed.
    """
    try:
        text = _mend_indentation(source)
        fault = _find_fault(text)
        if fault:
            report.left.add(Note(file, *fault))
            return source
        if text != source:
            report.changed.add(Note(file, 0, "tabs in its indentation -> spaces"))
        return _rewrite_module(cst.parse_module(text), file, own, report)
    except RecursionError:
        report.left.add(Note(file, 0, "nested too deeply, so it was copied as it is"))
        return source


def _rewrite_module(
    module: cst.Module, file: Path, own: OwnModules, report: Report
) -> bytes:
    wrapper = metadata.MetadataWrapper(module, unsafe_skip_copy=True)
    names = FileNames(Bindings(wrapper), own, module)
    sizes = Dimensions()
    module.visit(sizes)
    return module.visit(_Rewriter(names, sizes, file, report)).bytes


def _mend_indentation(source: bytes) -> bytes:
    """Returns the source with tabs expanded where Python 3 cannot read them."""
    try:
        _parse(source)
    except IndentationError:
        with contextlib.suppress(SyntaxError):
            return indentation.expand_tabs(source)
    except (SyntaxError, ValueError):
        pass  # has another fault
    return source


def _parse(source: bytes) -> None:
    """Raises a SyntaxError or a ValueError if a source is no Python 3."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes such as "\d"
        ast.parse(source)


def _find_fault(source: bytes) -> tuple[int, str] | None:
    """Returns line and remedy of what is no Python 3, None if all is."""
    try:
        _parse(source)
        cst.parse_module(source)
    except (SyntaxError, ValueError, cst.ParserSyntaxError) as error:
        line = getattr(error, "lineno", None) or getattr(error, "raw_line", 0)
        reason = getattr(error, "msg", None) or str(error).partition("\n")[0]
        return int(line or 0), (
            f"no Python 3 ({reason}), so the file was copied as it is: translate it"
            " (Python 3.12 and older have 2to3 -w for it), then move it over again"
        )
    return None


class _Rewriter(cst.CSTTransformer):
    """Changes names in place; what it cannot change goes into the report."""

    def __init__(self, names: FileNames, sizes: Dimensions, file: Path, report: Report):
        super().__init__()
        self._names = names
        self._sizes = sizes
        self._file = file
        self._report = report
        self._imports = ImportRewriter(names, self._change, self._leave)
        self._tries = 0
        self._unclear_sizes = False

    def _change(self, node: cst.CSTNode, text: str) -> None:
        self._report.changed.add(
            Note(self._file, self._names.bindings.line(node), text)
        )

    def _leave(self, node: cst.CSTNode, text: str) -> None:
        self._report.left.add(Note(self._file, self._names.bindings.line(node), text))

    def visit_Try(self, node: cst.Try) -> None:
        self._tries += 1

    def leave_Try(self, original_node: cst.Try, updated_node: cst.Try) -> cst.Try:
        self._tries -= 1
        return updated_node

    def visit_Assign(self, node: cst.Assign) -> bool:
        return self._imports.rewrite_assignment(node) is None

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def leave_SimpleStatementLine(
        self,
        original_node: cst.SimpleStatementLine,
        updated_node: cst.SimpleStatementLine,
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        """Gives each statement that an import becomes its own line."""
        new = self._rewrite_imports(original_node.body, updated_node.body)
        if new is None:
            return updated_node
        if len(original_node.body) > 1:
            return updated_node.with_changes(body=new)
        lines = [cst.SimpleStatementLine([statement]) for statement in new]
        lines[0] = lines[0].with_changes(leading_lines=updated_node.leading_lines)
        lines[-1] = lines[-1].with_changes(
            trailing_whitespace=updated_node.trailing_whitespace
        )
        return cst.FlattenSentinel(lines)

    def leave_SimpleStatementSuite(
        self,
        original_node: cst.SimpleStatementSuite,
        updated_node: cst.SimpleStatementSuite,
    ) -> cst.SimpleStatementSuite:
        new = self._rewrite_imports(original_node.body, updated_node.body)
        return updated_node if new is None else updated_node.with_changes(body=new)

    def _rewrite_imports(
        self,
        before: Sequence[cst.BaseSmallStatement],
        after: Sequence[cst.BaseSmallStatement],
    ) -> list[cst.BaseSmallStatement] | None:
        """Returns what the statements of a line become, None if none is an import."""
        result: list[cst.BaseSmallStatement] = []
        changed = False
        for old, new in zip(before, after, strict=True):
            lines = self._imports.rewrite(old, may_fail=self._tries > 0)
            changed = changed or lines is not None
            result += [new] if lines is None else lines
        return result if changed else None

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        return dotted(node) is None

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        """Gives a name joined by dots its new one, and a size its value."""
        new = self._rename(original_node)
        if new is not None:
            return parse_dotted(new)
        if original_node.attr.value == "value":
            return self._take_value(original_node, updated_node)
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        """Keeps an argument's keyword."""
        return updated_node.with_changes(keyword=original_node.keyword)

    def _rename(self, node: cst.Attribute) -> str | None:
        """Returns the new expression for names joined by dots, None to keep them."""
        whole, first = dotted(node), dotted(root(node))
        if whole is None or first is None:
            return None
        found = self._names.bindings.full_names(node)
        place = self._names.find_place(root(node))
        kept = place and place + whole.removeprefix(first)
        new_names = {self._names.rename(name) for name in found}
        if kept in new_names or len(new_names) != 1:
            return None
        if kept and kept not in found and exists(kept):
            return None  # its import is rewritten, and has the name
        new = new_names.pop()
        if new is None:
            self._leave(node, f"{found[0]}: {remedy(found[0])}")
            return None
        text = self._names.spell(new, first, place or "")
        self._change(node, f"{whole} -> {text}")
        return text

    def _take_value(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        """Returns what gives a size as a number or None, whatever shapes hold."""
        size = original_node.value
        if not self._names.uses_tensorflow:
            return updated_node
        if not self._sizes.is_size(size):
            self._unclear_sizes |= self._sizes.may_be_size(size)
            return updated_node
        function = self._names.spell(f"{V1}.dimension_value")
        self._change(original_node, f".value of a size -> {function}()")
        return cst.Call(parse_dotted(function), [cst.Arg(updated_node.value)])

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._sizes.enter(node)

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        self._sizes.leave()
        return updated_node

    def leave_Name(
        self, original_node: cst.Name, updated_node: cst.Name
    ) -> cst.BaseExpression:
        """Gives the builtins of Python 2 their new names."""
        new = renames.PYTHON_2.get(original_node.value)
        if new is None or self._names.bindings.is_assigned(original_node.value):
            return updated_node
        self._change(original_node, f"{original_node.value} -> {new}")
        return cst.Name(new)

    def leave_Call(
        self, original_node: cst.Call, updated_node: cst.Call
    ) -> cst.BaseExpression:
        """Gives the methods of Python 2's dictionaries their new names."""
        function = updated_node.func
        if updated_node.args or not isinstance(function, cst.Attribute):
            return updated_node
        new = _PYTHON_2_METHODS.get(function.attr.value)
        if new is None:
            return updated_node
        self._change(original_node, f".{function.attr.value}() -> .{new}()")
        return updated_node.with_changes(func=function.with_changes(attr=cst.Name(new)))

    def leave_Module(
        self, original_node: cst.Module, updated_node: cst.Module
    ) -> cst.Module:
        """Adds the imports that are needed, and the call of TensorFlow 1's ways."""
        choice = None
        if self._names.builds_graphs:
            choice = startup_lines.choose_line(
                original_node, self._names.bindings, self._names.is_new
            )
        body: list[Any] = list(updated_node.body)
        calls = [] if choice is None else [choice]
        if self._unclear_sizes and (choice is None or choice[0] != _ALL_OLD):
            calls.append(("disable_v2_tensorshape", False))
        lines = [f"{self._names.spell(f'{V1}.{call}')}()" for call, _ in calls]
        body = startup_lines.place_imports(body, self._names.added)
        for line, (_, in_guard) in zip(lines, calls, strict=True):
            self._change(original_node, f"added: {line}")
            if in_guard:
                body = startup_lines.place_in_guard(body, line)
            else:
                body = startup_lines.place_call(body, line)
        return updated_node.with_changes(body=body)
