"""What is written down of the machine: also where a package goes by another name."""

import importlib.metadata
import sys
import types

import pytest

from ranker import files

NAMES = ("tensorflow", "tf-keras", "tensorflow-recommenders", "numpy", "pandas", "pyarrow")


@pytest.mark.parametrize("name", NAMES)
def test_a_package_of_a_distribution_of_another_name_has_its_own_version(monkeypatch, name):
    """As TensorFlow has of tensorflow-cpu, of tf-nightly and of vendors' builds."""
    real = importlib.metadata.version

    def version(distribution: str) -> str:
        if distribution == name:
            raise importlib.metadata.PackageNotFoundError(name)
        return real(distribution)

    monkeypatch.setattr("importlib.metadata.version", version)
    module = types.SimpleNamespace(__version__="7.8.9+vendor")
    monkeypatch.setitem(sys.modules, name.replace("-", "_"), module)
    packages = files.environment(seed=1, command=[])["packages"]
    assert packages[name] == "7.8.9+vendor"
    assert set(packages) == set(NAMES)
    monkeypatch.delitem(sys.modules, name.replace("-", "_"))
    assert files.environment(seed=1, command=[])["packages"][name] is None
