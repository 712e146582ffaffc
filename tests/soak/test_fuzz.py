"""A few hundred damaged files; `make soak` reads a hundred thousand."""

from tests.soak.fuzz import Fuzzer
from tests.soak.readers import READERS

# A second each, in processes of their own; and what can end the process: TensorFlow's
# reader does so for an index whose checksums are right and whose entries are not.
LEFT_OUT = {"hdf5", "keras", "index.signed"}


def test_damaged_files_are_read_or_refused_in_one_line(tmp_path):
    fuzzer = Fuzzer(tmp_path, 0, ",".join(sorted(READERS.keys() - LEFT_OUT)))
    for number in range(300):
        fuzzer.read(number)
    assert fuzzer.faults == []
    assert sum(fuzzer.counts.values()) == 300
    assert fuzzer.counts["settings:refused"] > 0 < fuzzer.counts["image:read"]
