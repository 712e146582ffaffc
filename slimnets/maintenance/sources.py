"""The checkpoint that a command is given, and the network that it is of."""

from slimnets import checkpoints, errors
from slimnets.checkpoints import names, run_settings
from slimnets.nets import own


class Source:
    """A checkpoint with what is known of it.

    Attributes:
      path: of the checkpoint, without '.index'.
      reader: of its values.
      settings: of its run; None where none lie beside it.
      model: the network's name; None where nobody says.
    """

    def __init__(self, path: str, model: str | None = None):
        """Opens it.

        Args:
          path: a checkpoint, or a folder whose latest one is taken.
          model: the network's name; None takes that of the settings.

        Raises:
          InputError: there is no checkpoint, or it is damaged.
        """
        self.path = checkpoints.require(path)
        self.reader = checkpoints.Reader(self.path)
        self.settings = run_settings.read(self.path)
        self.model = model or (self.settings.model if self.settings else None)

    @property
    def step(self) -> int:
        """The step of training: that in it, else that in its name."""
        if checkpoints.GLOBAL_STEP in self.reader.shapes:
            key = {checkpoints.GLOBAL_STEP: checkpoints.GLOBAL_STEP}
            return int(self.reader.read(key)[checkpoints.GLOBAL_STEP])
        return checkpoints.get_step(self.path)

    def list_kinds(self) -> dict[str, str]:
        """Tells what each name in it is, as `names.list_kinds` does.

        Raises:
          InputError: the network cannot be built, or is another one.
        """
        held = self.reader.shapes
        if self.model is None:
            return names.list_kinds(held)
        if self.settings and self.settings.module_folder is not None:
            own.search_in(self.settings.module_folder)
        classes = checkpoints.read_num_classes(self.path, self.model)
        variables = checkpoints.get_variable_shapes(self.model, classes)
        if not any(name in held for name in variables):
            raise errors.InputError(
                f"{self.path} holds no variable of {self.model}, such as"
                f" {next(iter(variables))}; name its network with --model"
            )
        return names.list_kinds(held, variables)
