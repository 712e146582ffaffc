"""Feeds damaged files to every reader: no crash, no hang, no error but an InputError.

  python -m tests.soak.fuzz --inputs=100000 --seed=0

Input k follows from the seed and k alone: `--only=k` reads it again. A worker process
reads them; where it dies or does not come to an end, the input counts as a fault and
another worker goes on behind it. Exit status 1 if there is any fault.
"""

import argparse
import collections
import faulthandler
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

# An HDF5 file over which the library loops ends after 30 s of processor time, of which
# a busy machine gives little.
_HANG_SECONDS = 300
_REPORT_EVERY = 200
_GROWTH_MB = 400  # of the largest memory, over what the first inputs needed


def main() -> None:
    """Runs workers over all inputs, and prints what they met."""
    options = _parse_options()
    if options.worker:
        _work(options)
        return
    began = time.monotonic()
    first, last = 0, options.inputs
    if options.only is not None:
        first, last = options.only, options.only + 1
    counts: collections.Counter = collections.Counter()
    faults: list[str] = []
    grown = 0
    while first < last:
        record, code = _run_worker(options, first, last)
        counts.update(record.get("counts", {}))
        faults += record.get("faults", [])
        grown = max(grown, record.get("grown", 0))
        first = record.get("next", first + 1)
        if code:
            faults.append(f"input {first}: the worker ended with {code}")
            first += 1
    for name in sorted({key.partition(":")[0] for key in counts}):
        read, refused = counts[f"{name}:read"], counts[f"{name}:refused"]
        print(f"{name:18} {read:7} read {refused:7} refused")
    total = sum(counts.values())
    if grown > _GROWTH_MB:
        faults.append(f"memory grew by {grown} MB")
    print(
        f"{total} inputs, {len(faults)} faults, memory grew by {grown} MB,"
        f" {time.monotonic() - began:.0f} s, seed {options.seed}"
    )
    print("\n".join(faults))
    sys.exit(bool(faults))


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="number of the one input to read")
    parser.add_argument("--readers", default="", help="comma-separated; all by default")
    parser.add_argument("--worker", nargs=3, metavar=("FIRST", "LAST", "RECORD"))
    return parser.parse_args()


def _run_worker(options: argparse.Namespace, first: int, last: int) -> tuple[dict, int]:
    """Returns what a worker wrote before its end, and its exit status."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.json"
        command = [sys.executable, "-m", "tests.soak.fuzz"]
        command += [f"--seed={options.seed}", f"--readers={options.readers}"]
        command += ["--worker", str(first), str(last), str(record)]
        process = subprocess.run(command, check=False)
        found = json.loads(record.read_text()) if record.exists() else {}
        return found, process.returncode


def _work(options: argparse.Namespace) -> None:
    from slimnets import startup

    startup.start_tensorflow()
    first, last, record = (
        int(options.worker[0]),
        int(options.worker[1]),
        options.worker[2],
    )
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(Path(folder), options.seed, options.readers)
        for number in range(first, last):
            fuzzer.save(Path(record), number)
            faulthandler.dump_traceback_later(_HANG_SECONDS, exit=True)
            fuzzer.read(number)
            faulthandler.cancel_dump_traceback_later()
            if number - first == _REPORT_EVERY:
                fuzzer.forget_memory()
        fuzzer.save(Path(record), last)


class Fuzzer:
    """Reads inputs by number and keeps count.

    Attributes:
      counts: by "reader:read" and "reader:refused".
      faults: a line each.
    """

    def __init__(self, folder: Path, seed: int, names: str = ""):
        """Makes the valid files.

        Args:
          folder: for files.
          seed: of all inputs.
          names: of readers, comma-separated; '' for all.
        """
        from tests.soak.readers import READERS

        chosen = names.split(",") if names else list(READERS)
        self._readers = {name: READERS[name] for name in chosen}
        self._folder, self._seed = folder, seed
        self._valid = {
            name: reader.make(self._make_folder(f"{name}-valid"))
            for name, reader in self._readers.items()
        }
        self.counts: collections.Counter = collections.Counter()
        self.faults: list[str] = []
        self._least = _measure_memory()

    def _make_folder(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def read(self, number: int) -> None:
        """Reads one input."""
        from slimnets import errors
        from tests.soak import mutations

        rng = random.Random(f"{self._seed}:{number}")
        weights = [reader.weight for reader in self._readers.values()]
        [name] = rng.choices(list(self._readers), weights)
        valid = self._valid[name]
        content = mutations.mutate(rng.choice(valid), valid, rng)
        try:
            self._readers[name].read(self._make_folder(name), content)
            self.counts[f"{name}:read"] += 1
        except errors.InputError as error:
            self.counts[f"{name}:refused"] += 1
            if "\n" in str(error) and name not in ("image", "flagfile"):
                self.faults.append(f"input {number}, {name}: more than one line")
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.faults.append(
                f"input {number}, {name}: {type(error).__name__} at"
                f" {Path(where.filename).name}:{where.lineno}: {str(error)[:80]!r}"
            )

    def forget_memory(self) -> None:
        """Counts the growth of memory from here on."""
        self._least = _measure_memory()

    def save(self, path: Path, number: int) -> None:
        """Writes what was met so far, and the input that comes next."""
        grown = _measure_memory() - self._least
        content = dict(next=number, counts=self.counts, faults=self.faults, grown=grown)
        path.write_text(json.dumps(content))


def _measure_memory() -> int:
    """Returns the largest memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
