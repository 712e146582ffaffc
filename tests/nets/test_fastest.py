"""The table of what was measured: each row means something, and stays as written."""

import dataclasses
import typing

from slimnets.config import choices
from slimnets.layers.computation import Computation
from slimnets.nets import fastest, registry
from slimnets.nets.fastest import Fastest, Key

NETWORKS = set(registry.list_networks(kind="classifier"))
WAYS = {
    field.name
    for field in dataclasses.fields(Computation)
    if typing.get_type_hints(Computation)[field.name] is bool
}


def test_every_row_names_what_there_is():
    for key, found in fastest.read_table().items():
        assert key.network in NETWORKS
        assert key.work in (fastest.TRAIN, fastest.INFER)
        assert key.runtime in choices.RUNTIMES
        assert key.instructions in ("amx", "avx512_bf16", "avx512", "avx2")
        assert found.precision in ("float32", "bfloat16")
        assert set(found.ways) <= WAYS
        # Where bfloat16 is emulated it is never the faster one.
        assert (
            found.precision == "float32"
            or "bf16" in key.instructions
            or (key.instructions == "amx")
        )


def test_a_table_is_read_as_it_was_written(tmp_path):
    table = {
        Key("xception", "train", "tensorflow", "avx2"): Fastest("float32", ("a", "b")),
        Key("lenet", "infer", "openvino", "amx"): Fastest("bfloat16", (), 1.25),
    }
    fastest.write_table(table, tmp_path / "table.csv")
    assert fastest.read_table(tmp_path / "table.csv") == table
    assert next(iter(fastest.read_table(tmp_path / "table.csv"))).network == "lenet"


def test_the_table_in_the_package_is_as_the_program_writes_it(tmp_path):
    fastest.write_table(fastest.read_table(), tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == fastest.TABLE.read_text()


def test_what_was_never_measured_has_no_row():
    assert fastest.find(Key("lenet", fastest.TRAIN, "tensorflow", "avx2")) is None
