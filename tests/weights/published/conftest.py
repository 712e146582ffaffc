import pytest

from slimnets import user_cache
from slimnets.nets import published
from slimnets.weights.published import transfer
from tests.weights.published import mirror as mirrors


@pytest.fixture
def mirror():
    with mirrors.serve() as server:
        yield server


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty cache, the library's own catalogue, and no pauses between tries."""
    folder = tmp_path / "home"
    monkeypatch.setenv(user_cache.HOME, str(folder))
    monkeypatch.delenv(published.CATALOGUE, raising=False)
    monkeypatch.setattr(transfer, "_PAUSES", (0.0, 0.0, 0.0))
    return folder
