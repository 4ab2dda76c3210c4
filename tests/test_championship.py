"""Points of the SCR championship."""

from __future__ import annotations

import pytest

from racegym.benchmark.championship import POINTS, Result, points, qualifying, total, trials


def test_points_go_by_place_and_bonuses_to_the_fastest_lap_and_the_least_damage() -> None:
    race = [
        Result("ann", 1, best_lap=80.0, damage=500),
        Result("bob", 2, best_lap=79.5, damage=10),
        Result("cid", 3, best_lap=90.0, damage=0),
    ]
    assert points(race) == {"ann": 10, "bob": 8 + 2, "cid": 6 + 2}


def test_both_bonuses_may_go_to_one_driver() -> None:
    assert points([Result("ann", 1, 80.0, 0), Result("bob", 2, 81.0, 5)]) == {"ann": 14, "bob": 8}


def test_places_behind_the_eighth_score_nothing() -> None:
    race = [Result(f"d{place}", place, 100.0 + place, place) for place in range(1, 11)]
    assert list(points(race).values()) == [POINTS[0] + 4, *POINTS[1:], 0, 0]


def test_a_lap_time_of_zero_is_no_lap() -> None:
    assert points([Result("ann", 1, 0.0, 9), Result("bob", 2, 99.0, 9)]) == {"ann": 10 + 2, "bob": 8 + 2}
    assert points([Result("ann", 1), Result("bob", 2)]) == {"ann": 12, "bob": 8}


def test_who_is_level_gives_way_to_the_better_placed() -> None:
    race = [Result("bob", 2, 80.0, 7), Result("ann", 1, 80.0, 7)]
    assert points(race) == {"ann": 14, "bob": 8}


def test_the_median_of_the_trials_counts_and_tracks_add_up() -> None:
    won, lost = [Result("ann", 1), Result("bob", 2)], [Result("bob", 1), Result("ann", 2)]
    assert trials([won, won, lost]) == {"ann": 12, "bob": 8}
    assert trials([won, lost]) == {"ann": 10, "bob": 10}
    assert trials([won, [Result("bob", 1)], [Result("bob", 1)]])["ann"] == 0
    assert total([{"ann": 12, "bob": 8}, {"bob": 14, "cid": 3}]) == {"bob": 22, "ann": 12, "cid": 3}


def test_the_grid_goes_by_distance() -> None:
    assert qualifying({"ann": 9000.0, "bob": 9500.5, "cid": 100.0}, places=2) == {"bob": 1, "ann": 2}


@pytest.mark.parametrize("race", [[Result("ann", 1), Result("ann", 2)], [Result("ann", 1), Result("bob", 1)]])
def test_a_race_that_cannot_have_been_is_refused(race: list[Result]) -> None:
    with pytest.raises(ValueError, match="occurs twice"):
        points(race)
