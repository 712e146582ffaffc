"""Which modules a program brings along."""

from pathlib import Path

import pytest

from slimnets.upgrade.own_modules import OwnModules


@pytest.fixture
def own(tmp_path: Path) -> OwnModules:
    files = {
        "src/nets/vgg.py": "import tensorflow\n",
        "src/lib/__init__.py": "from .a import tool\n",
        "src/lib/fast.pyx": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return OwnModules(tmp_path, map(Path, files))


@pytest.mark.parametrize(
    "name", ["vgg", "nets.vgg", "src.nets.vgg", "nets.vgg.vgg_16", "lib.tool", "lib"]
)
def test_any_folder_may_be_on_the_path(own, name):
    assert own.holds(name)


@pytest.mark.parametrize("name", ["nets.resnet_v1", "nets", "lib.other", "vg"])
def test_what_is_not_there_is_not_held(own, name):
    assert not own.holds(name)


def test_what_has_to_be_compiled_or_uses_tensorflow(own):
    assert own.needs_compiling("src.lib.fast")
    assert own.uses_tensorflow("nets.vgg.vgg_16")
    assert not own.uses_tensorflow("lib")
