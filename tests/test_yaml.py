"""YAML has 1.2 meanings."""

import math

import pytest

from racegym import yaml
from racegym.errors import ConfigurationError

MEANINGS = {
    "1e-3": 0.001, "1e3": 1000.0, "1.5": 1.5, ".5": 0.5, "1.": 1.0, "-.inf": -math.inf, ".inf": math.inf,
    "010": 10, "0x1F": 31, "0o17": 15, "-7": -7, "12:30": "12:30", "1_000": "1_000",
    "no": "no", "on": "on", "yes": "yes", "true": True, "False": False, "null": None, "~": None, "": None,
    "2026-11-20": "2026-11-20", "=": "=", "<<": "<<",
}  # fmt: skip


@pytest.mark.parametrize(("text", "value"), MEANINGS.items())
def test_a_scalar_means_what_yaml_1_2_says(text, value):
    assert yaml.parse(f"key: {text}") == {"key": value}


def test_not_a_number_is_read():
    assert math.isnan(yaml.parse(".nan"))


def test_sequences_become_tuples_all_the_way_down():
    assert yaml.parse("key: [1, [2, {a: [3]}]]") == {"key": (1, (2, {"a": (3,)}))}


@pytest.mark.parametrize("text", ["a: 1\na: 2", "x: {b: 1, b: 2}"])
def test_a_key_that_stands_twice_is_an_error_with_its_place(text):
    with pytest.raises(ConfigurationError, match=r"file.yaml, line \d+, column \d+: key '.' stands twice"):
        yaml.parse(text, "file.yaml")


@pytest.mark.parametrize(
    "text", ["a: [", "a: b: c", "1: one", "!!python/object:os.system {}", "\x00", "a: *b", "? [a]\n: 1"]
)
def test_bad_yaml_is_a_configuration_error(text):
    with pytest.raises(ConfigurationError, match="file.yaml"):
        yaml.parse(text, "file.yaml")
