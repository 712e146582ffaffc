r"""Lists the networks with their size, cost and published accuracy.

Example:

  python -m eval.list_networks --networks='mobilenet*'
"""

from absl import flags

from slimnets import errors, startup

_NETWORKS = flags.DEFINE_string("networks", "*", "Which to list, a shell wildcard.")


def main(argv: list[str]) -> None:
    """Prints the table."""
    errors.refuse_arguments(argv)
    from slimnets.report import networks

    print(networks.format_table(_NETWORKS.value))


if __name__ == "__main__":
    startup.run(main)
