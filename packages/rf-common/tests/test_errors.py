import pytest

from rf_common import (
    CausalityError,
    ConfigError,
    DataError,
    RfError,
    StorageError,
    VenueError,
)


def test_an_error_renders_what_it_means_and_how_to_fix_it() -> None:
    error = ConfigError("no such setting: x", code="RF-C-042", detail="one\ntwo", fix="rf check")

    assert error.render().splitlines() == [
        "RF-C-042  no such setting: x",
        "          one",
        "          two",
        "          fix: rf check",
    ]
    assert str(error) == "no such setting: x"


def test_an_error_without_detail_or_fix_is_one_line() -> None:
    assert RfError("it broke").render() == "RF-X-000  it broke"


@pytest.mark.parametrize(
    ("kind", "code", "exit_code"),
    [
        (RfError, "RF-X-000", 1),
        (ConfigError, "RF-C-001", 3),
        (DataError, "RF-D-001", 7),
        (StorageError, "RF-S-001", 1),
        (VenueError, "RF-N-001", 5),
        (CausalityError, "RF-T-001", 1),
    ],
)
def test_each_kind_has_its_code_and_exit_code(
    kind: type[RfError], code: str, exit_code: int
) -> None:
    error = kind("x")

    assert isinstance(error, RfError)
    assert (error.code, error.exit_code) == (code, exit_code)
    assert kind("x", exit_code=0).exit_code == 0
