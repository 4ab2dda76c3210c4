"""The tables of signals and controls, and the records over them."""

from __future__ import annotations

import numpy as np
import pytest

from racegym.signals import (
    BEAMS,
    COMMON,
    CONTROLS,
    DEFAULT_BEAM_ANGLES,
    SIGNALS,
    Controls,
    Record,
    Signal,
    Table,
    Telemetry,
    unknown,
)

BOTH = pytest.mark.parametrize("table", [SIGNALS, CONTROLS], ids=["signals", "controls"])
RECORDS = pytest.mark.parametrize("kind", [Telemetry, Controls])


# the tables


@BOTH
def test_every_signal_is_declared_with_a_unit_a_range_and_a_meaning(table: Table) -> None:
    for name, signal in table.items():
        assert name == signal.name
        assert signal.unit, name
        assert signal.meaning, name
        assert signal.low < signal.high, name
        assert signal.scale > 0, name
        assert np.isfinite([signal.low, signal.high, signal.scale]).all(), name


@BOTH
def test_flags_are_0_or_1(table: Table) -> None:
    flags = [signal for signal in table.values() if signal.kind == "flag"]
    assert all((flag.low, flag.high, flag.scale, flag.shape) == (0, 1, 1, ()) for flag in flags)


@BOTH
def test_columns_follow_each_other_without_gaps(table: Table) -> None:
    end = 0
    for name in table:
        columns = table.columns(name)
        assert columns == slice(end, end + table[name].size)
        end = columns.stop
    assert table.width == end
    assert table.dtype.itemsize == 8 * end


def test_the_common_set_is_declared_once_each() -> None:
    assert not unknown(COMMON)
    assert len(set(COMMON)) == len(COMMON)


def test_applied_controls_are_reported_under_the_controls_names() -> None:
    for name in ("steer", "throttle", "brake", "clutch", "gear"):
        control, signal = CONTROLS[name], SIGNALS[name]
        assert (control.unit, control.low, control.high) == (signal.unit, signal.low, signal.high)


def test_beams_go_from_left_to_right_symmetrically() -> None:
    angles = np.array(DEFAULT_BEAM_ANGLES)
    assert SIGNALS["rangefinders"].shape == (BEAMS,) == angles.shape
    assert (np.diff(angles) < 0).all()
    np.testing.assert_array_equal(angles, -angles[::-1])


def test_unknown_names_come_back_in_order() -> None:
    assert unknown(["speed", "rpm", "gear", "accel"]) == ["rpm", "accel"]
    assert unknown(["focus", "speed"], CONTROLS) == ["speed"]


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="rpm"):
        SIGNALS["rpm"]
    with pytest.raises(KeyError, match="rpm"):
        Telemetry(1)["rpm"]


# the records


def test_telemetry_that_nobody_provides_is_nan() -> None:
    assert np.isnan(Telemetry(3).block).all()


def test_controls_are_released_in_first_gear_without_focus() -> None:
    controls = Controls(2)
    for name in ("steer", "throttle", "brake", "clutch", "handbrake"):
        assert controls[name].tolist() == [0, 0]
    assert controls["gear"].tolist() == [1, 1]
    assert np.isnan(controls["focus"]).all()


@RECORDS
def test_a_view_has_one_row_per_car_and_shares_the_blocks_memory(kind: type[Record]) -> None:
    record = kind(4)
    for name, signal in kind.table.items():
        view = record[name]
        assert view.shape == (4, *signal.shape)
        assert np.shares_memory(view, record.block)


@RECORDS
def test_every_signal_has_its_own_columns(kind: type[Record]) -> None:
    record = kind(2)
    for i, name in enumerate(kind.table):
        record[name] = i
    for i, name in enumerate(kind.table):
        assert (record[name] == i).all()


def test_setting_a_signal_writes_to_the_block() -> None:
    telemetry = Telemetry(2)
    telemetry["velocity"] = (1, 2, 3)
    telemetry["speed"][1] = 5
    assert telemetry.block[:, SIGNALS.columns("velocity")].tolist() == [[1, 2, 3]] * 2
    assert telemetry.block[1, SIGNALS.columns("speed").start] == 5


@RECORDS
def test_a_given_block_is_used_as_it_is(kind: type[Record]) -> None:
    block = np.arange(3.0 * kind.table.width).reshape(3, -1)
    record = kind(3, block.copy())
    np.testing.assert_array_equal(record.block, block)
    shared = kind(3, block)
    shared["steer"] = -1
    assert (block[:, kind.table.columns("steer").start] == -1).all()


@pytest.mark.parametrize(
    "block", [np.zeros((2, 3)), np.zeros((1, SIGNALS.width)), np.zeros((2, SIGNALS.width), np.float32)]
)
def test_a_block_of_another_shape_or_type_is_refused(block: np.ndarray) -> None:
    with pytest.raises(ValueError, match=f"float64 \\(2, {SIGNALS.width}\\) is wanted"):
        Telemetry(2, block)


@pytest.mark.parametrize("cars", [1, 3])
def test_the_structured_array_is_the_same_memory(cars: int) -> None:
    telemetry = Telemetry(cars)
    array = telemetry.array
    assert array.shape == (cars,)
    assert array.dtype.names == tuple(SIGNALS)
    telemetry["speed"] = 7
    telemetry["position"] = (1, 2, 3)
    assert (array["speed"] == 7).all()
    assert array["position"].tolist() == [[1, 2, 3]] * cars
    array["gear"] = 4
    assert (telemetry["gear"] == 4).all()


def test_rows_are_a_record_over_the_same_memory() -> None:
    telemetry = Telemetry(4)
    part = telemetry.rows(slice(1, 3))
    part["speed"] = 9
    assert isinstance(part, Telemetry)
    assert part.cars == 2
    np.testing.assert_array_equal(telemetry["speed"], [np.nan, 9, 9, np.nan])


def test_a_copy_is_independent() -> None:
    controls = Controls(1)
    copy = controls.copy()
    copy["steer"] = 1
    assert isinstance(copy, Controls)
    assert controls["steer"] == 0


def test_a_table_of_ones_own_gives_a_record_of_ones_own() -> None:
    class Pair(Record):
        table = Table(Signal("a", "m", 0, 1, 1, "one"), Signal("b", "m", 0, 1, 1, "two", (2, 2)))

    pair = Pair(1)
    pair["a"] = 1
    assert pair.table.width == 5
    assert pair.block.tolist()[0][0] == 1
    assert "cars=1" in repr(pair)
