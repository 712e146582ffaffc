"""How a file spells today's names: by imports that it has, or one that is added."""

import libcst as cst

from slimnets.upgrade import renames
from slimnets.upgrade.bindings import Bindings, dotted
from slimnets.upgrade.own_modules import OwnModules
from slimnets.upgrade.resolution import V1, Names, exists, module_of

# A file with these was written for TensorFlow 2, or moved over already.
_TENSORFLOW_2 = (
    "tensorflow.GradientTape",
    "tensorflow.Module",
    "tensorflow.compat",
    "tensorflow.function",
    "tensorflow.keras",
)


class FileNames:
    """Names in one file, old and new.

    Attributes:
      added: the import statements that the new names need.
      is_new: the file was written for TensorFlow 2 alone.

    Args:
      bindings: what the file's names stand for.
      own: the program's own modules.
      module: the file's syntax tree.
    """

    def __init__(self, bindings: Bindings, own: OwnModules, module: cst.Module):
        self.bindings = bindings
        self.own = own
        self.added: list[str] = []
        self._names = Names(own)
        self._keeps_tensorflow = self._is_tensorflow_2()
        self.is_new = self._keeps_tensorflow and not any(
            name.startswith(f"{V1}.") for name in bindings.uses
        )
        self._imported: set[str] = set()
        self._places: dict[str, str] = {}  # what is bound in the whole file -> its name
        module.visit(_Imports(self))

    @property
    def uses_tensorflow(self) -> bool:
        """Whether the file uses TensorFlow or TF-Slim by name."""
        names = {*self.bindings.uses, *(f"{name}." for name in self._imported)}
        return any(name.startswith(("tensorflow.", "tf_slim.")) for name in names)

    @property
    def builds_graphs(self) -> bool:
        """Whether the file uses TensorFlow, or one of the program's that it imports."""
        return self.uses_tensorflow or any(
            map(self.own.uses_tensorflow, self._imported)
        )

    def rename(self, name: str) -> str | None:
        """Returns what a full name is called today, None if it is gone."""
        new = self._names.rename(name)
        if self._keeps_tensorflow and new == name.replace("tensorflow", V1, 1):
            return name
        return new

    def find_place(self, node: cst.CSTNode) -> str | None:
        """Returns what a name stands for in the new file, None if that is unclear."""
        places = {self.rename(name) for name in self.bindings.full_names(node)}
        return places.pop() if len(places) == 1 else None

    def note_import(self, name: str) -> None:
        """Notes that the file imports a full name."""
        self._imported.add(name)

    def bind(self, name: str, new: str) -> None:
        """Notes that a name of the whole file stands for a new full name."""
        self._places.setdefault(new, name)

    def spell(self, new: str, first: str = "", stands_for: str = "") -> str:
        """Returns the expression for a new full name.

        Args:
          new: the name in full.
          first: a name that can be used where the expression stands.
          stands_for: what that is in full, once the imports are rewritten.
        """
        if new.startswith("builtins."):
            return new.removeprefix("builtins.")
        if stands_for and f"{new}.".startswith(f"{stands_for}."):
            return first + new.removeprefix(stands_for)
        place = renames.longest_prefix(new, self._places)
        if place is None:
            place = self._add_import(new)
        return self._places[place] + new.removeprefix(place)

    def _add_import(self, new: str) -> str:
        """Adds the import that a full name needs, and returns what it binds in full."""
        if new.startswith(V1):
            module, wish, form = V1, "tf", "import {module} as {name}"
        elif new.startswith("slimnets.slim."):
            module, wish, form = "slimnets.slim", "slim", "from slimnets import slim"
        else:
            module, wish, form = module_of(new), "", "import {module}"
        name = wish or module
        if wish in self.bindings.bound:
            name = f"slimnets_{wish}" if wish == "slim" else f"{wish}_v1"
            form = form if form.endswith("{name}") else f"{form} as {name}"
        self.added.append(form.format(module=module, name=name))
        self._places[module] = name
        return module

    def _is_tensorflow_2(self) -> bool:
        """Returns whether `tensorflow` has to stay TensorFlow 2 in this file."""
        uses = self.bindings.uses
        if not any(
            f"{name}.".startswith(f"{m}.") for name in uses for m in _TENSORFLOW_2
        ):
            return False
        plain = {
            name
            for name in uses
            if name.startswith("tensorflow.")
            and not name.startswith(("tensorflow.contrib", "tensorflow.python", V1))
        }
        return all(map(exists, plain))


class _Imports(cst.CSTVisitor):
    """Enters what the imports of the whole file bind, by its new name."""

    def __init__(self, names: FileNames):
        super().__init__()
        self._names = names

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            name = dotted(alias.name) or ""
            new = self._names.rename(name)
            whole = "tensorflow" if new == V1 else new or name
            bound = dotted(alias.asname.name) if alias.asname else whole
            self._bind(node, bound or "", name)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        if (
            node.module is None
            or node.relative
            or isinstance(node.names, cst.ImportStar)
        ):
            return
        for alias in node.names:
            name = f"{dotted(node.module)}.{dotted(alias.name)}"
            bound = alias.asname.name if alias.asname else alias.name
            self._bind(node, dotted(bound) or "", name)

    def _bind(self, node: cst.CSTNode, bound: str, name: str) -> None:
        self._names.note_import(name)
        new = self._names.rename(name)
        if new is not None and self._names.bindings.is_global(node):
            self._names.bind(bound, new)
