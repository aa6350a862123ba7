import pytest

from rf_execution import Faults, PaperConfig


def test_the_paper_venue_behaves_well_unless_told_otherwise():
    faults = PaperConfig().faults
    assert (faults.lost, faults.duplicated, faults.late) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("kind", "setting", "message"),
    [
        (PaperConfig, {"maker_bps": -101.0}, "maker_bps = -101.0: expected basis points"),
        (PaperConfig, {"taker_bps": 1001.0}, "taker_bps = 1001.0: expected basis points"),
        (PaperConfig, {"latency_ms": -1.0}, "latency_ms = -1.0: expected a number from 0"),
        (PaperConfig, {"jitter_ms": float("nan")}, "jitter_ms = nan"),
        (Faults, {"lost": 1.5}, "lost = 1.5: expected a probability from 0 to 1"),
        (Faults, {"duplicated": -0.1}, "duplicated = -0.1: expected a probability"),
        (Faults, {"late": float("nan")}, "late = nan: expected a probability"),
        (Faults, {"late_ms": -1}, "late_ms = -1: expected a number from 0"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(kind, setting, message):
    with pytest.raises(ValueError, match=message):
        kind(**setting)
