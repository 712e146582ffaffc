"""Finds the expressions of a file that are a tensor's shape, or one size of it.

In TensorFlow 2 a shape holds numbers, in 1 it held Dimensions: `shape[0].value` fails
now. Known is what comes from `get_shape()` or `.shape`, directly or through the names
that a function gives to it.
"""

import libcst as cst

from slimnets.upgrade.bindings import dotted

_Key = tuple[cst.CSTNode | None, str]
_SHAPE_METHODS = {
    "get_shape",
    "with_rank",
    "with_rank_at_least",
    "merge_with",
    "concatenate",
}
_LIKELY = ("dim", "shape", "size", "height", "width", "channel", "depth")


class Dimensions(cst.CSTVisitor):
    """Collects, by function, the names that stand for shapes and sizes."""

    def __init__(self) -> None:
        super().__init__()
        self._functions: list[cst.CSTNode | None] = [None]
        self._shapes: set[_Key] = set()
        self._sizes: set[_Key] = set()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.enter(node)

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self.leave()

    def enter(self, function: cst.CSTNode) -> None:
        """Notes that what follows is in a function."""
        self._functions.append(function)

    def leave(self) -> None:
        """Notes that the function has ended."""
        self._functions.pop()

    def visit_Assign(self, node: cst.Assign) -> None:
        for target in node.targets:
            self._bind(target.target, node.value)

    def visit_For(self, node: cst.For) -> None:
        self._bind_elements(node.target, node.iter)

    def visit_CompFor(self, node: cst.CompFor) -> None:
        self._bind_elements(node.target, node.iter)

    def is_size(self, node: cst.BaseExpression) -> bool:
        """Returns whether an expression is one size of a shape."""
        if self._knows(self._sizes, node):
            return True
        return (
            isinstance(node, cst.Subscript)
            and len(node.slice) == 1
            and isinstance(node.slice[0].slice, cst.Index)
            and self.is_shape(node.value)
        )

    def is_shape(self, node: cst.BaseExpression) -> bool:
        """Returns whether an expression is a shape, or a part of one."""
        if self._knows(self._shapes, node):
            return True
        if isinstance(node, cst.Call):
            function = node.func
            return (
                isinstance(function, cst.Attribute)
                and function.attr.value in _SHAPE_METHODS
            )
        if isinstance(node, cst.Attribute):
            return node.attr.value in ("shape", "dims")
        if isinstance(node, cst.Subscript):
            is_slice = isinstance(node.slice[0].slice, cst.Slice)
            return is_slice and self.is_shape(node.value)
        return False

    def may_be_size(self, node: cst.BaseExpression) -> bool:
        """Returns whether the names in an expression sound like a size's."""
        if isinstance(node, cst.Subscript):
            node = node.value
        if isinstance(node, cst.Attribute):
            node = node.attr
        name = node.value.lower() if isinstance(node, cst.Name) else ""
        return name == "d" or any(word in name for word in _LIKELY)

    def _knows(self, names: set[_Key], node: cst.BaseExpression) -> bool:
        name = dotted(node) or ""
        return any((function, name) in names for function in self._functions)

    def _key(self, node: cst.BaseExpression) -> _Key:
        """Returns what a name is entered under; attributes hold for the whole file."""
        function = self._functions[-1] if isinstance(node, cst.Name) else None
        return function, dotted(node) or ""

    def _bind(self, target: cst.BaseExpression, value: cst.BaseExpression) -> None:
        names, values = _elements(target), _elements(value)
        if names and len(names) == len(values):
            for name, element in zip(names, values, strict=True):
                self._bind(name.value, element.value)
        elif names:
            self._bind_elements(target, value)
        elif dotted(target):
            key = self._key(target)
            if self.is_shape(value):
                self._shapes.add(key)
            elif self.is_size(value):
                self._sizes.add(key)

    def _bind_elements(
        self, target: cst.BaseExpression, value: cst.BaseExpression
    ) -> None:
        """Enters what takes the elements of a shape, one by one or all at once."""
        if isinstance(value, cst.Call) and isinstance(value.func, cst.Name):
            if value.func.value != "enumerate" or not isinstance(target, cst.Tuple):
                return
            target, value = target.elements[-1].value, value.args[0].value
        if not self.is_shape(value):
            return
        single = isinstance(target, cst.Name)
        names = [target] if single else [e.value for e in _elements(target)]
        for name in names:
            if isinstance(name, cst.Name):
                self._sizes.add(self._key(name))


def _elements(target: cst.BaseExpression) -> list[cst.BaseElement]:
    return list(target.elements) if isinstance(target, cst.Tuple | cst.List) else []
