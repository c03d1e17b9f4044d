"""Specs from their text."""

import pytest

from sweeper.errors import SpecError
from sweeper.spec import load


@pytest.fixture
def spec_of(tmp_path, monkeypatch):
    """Load a spec whose file is called sweep.toml, here."""
    monkeypatch.chdir(tmp_path)

    def write_and_load(text, *overrides, name="sweep.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return load(path.relative_to(tmp_path), overrides)

    return write_and_load


@pytest.fixture
def problems_of(spec_of):
    """Load a spec that is wrong, and return the lines that say why."""

    def load_wrong(text, *overrides, **options):
        with pytest.raises(SpecError) as caught:
            spec_of(text, *overrides, **options)
        return str(caught.value).splitlines()

    return load_wrong
