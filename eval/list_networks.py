r"""Lists the networks with their size, cost and published accuracy.

Example:

  python -m eval.list_networks --networks='mobilenet*'

With --import=my_package those too that it registers.
"""

from absl import flags

from slimnets import errors, startup
from slimnets.config import network_name

_NETWORKS = flags.DEFINE_string("networks", "*", "Which to list, a shell wildcard.")
_IMPORT = flags.DEFINE_string("import", None, network_name.IMPORT_HELP)


def main(argv: list[str]) -> None:
    """Prints the table."""
    errors.refuse_arguments(argv)
    from slimnets.nets import own
    from slimnets.report import networks

    if _IMPORT.value is not None:
        own.import_module(_IMPORT.value)
    print(networks.format_table(_NETWORKS.value))


if __name__ == "__main__":
    startup.run(main)
