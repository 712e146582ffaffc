"""How the flags --model and --import name a network together."""

from slimnets.config import calls

MODEL_HELP = (
    "The network: a classifier that `slimnets list` has, or your own:"
    " path/to/my_net.py:NAME or my_package.my_net:NAME, where NAME is its builder, or a"
    " name that --import registers. Arguments of its builder may follow in parentheses:"
    " 'mobilenet_v2(depth_multiplier=0.5)'."
)
IMPORT_HELP = (
    "Module to import first, whose slimnets.register makes networks of your own known."
)


def name_network(model: str, import_module: str | None) -> str:
    """Returns a name by which the network is found wherever it is looked for.

    Args:
      model: a network's name, or a reference to one's own.
      import_module: that registers it; None for none.
    """
    if import_module is None or ":" in calls.parse(model).name:
        return model
    return f"{import_module}:{model}"
