from __future__ import annotations

from pathlib import Path

from rf_common.clock import UnixNanos
from rf_common.ids import SessionId
from rf_persistence.anchors import Anchor, add_anchor, anchor_problem, read_anchors

ANCHOR = Anchor(
    UnixNanos(1_795_572_736_000_000_000),
    SessionId("20261125T021216Z-K7QW3ZPA"),
    "stopped",
    12,
    "ab" * 32,
)


def test_anchors_are_appended_and_read_in_order(tmp_path: Path) -> None:
    add_anchor(tmp_path, ANCHOR)
    add_anchor(tmp_path, ANCHOR)

    assert read_anchors(tmp_path) == ((ANCHOR, ANCHOR), ())


def test_without_a_file_there_are_no_anchors(tmp_path: Path) -> None:
    assert read_anchors(tmp_path) == ((), ())


def test_a_line_that_is_no_anchor_is_told_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / "anchors.log").write_bytes(b"2026 \xff nonsense\n")
    add_anchor(tmp_path, ANCHOR)

    anchors, problems = read_anchors(tmp_path)

    assert anchors == (ANCHOR,)
    assert problems == ("anchors.log: line 1 is not an anchor",)


def test_a_line_that_was_cut_short_does_not_spoil_the_next(tmp_path: Path) -> None:
    add_anchor(tmp_path, ANCHOR)
    (tmp_path / "anchors.log").write_bytes((tmp_path / "anchors.log").read_bytes()[:-70])
    add_anchor(tmp_path, ANCHOR)

    anchors, problems = read_anchors(tmp_path)

    assert anchors == (ANCHOR,)
    assert problems == ("anchors.log: line 1 is not an anchor",)


def test_heads_are_compared_as_far_as_they_were_read() -> None:
    assert anchor_problem([ANCHOR], {12: ANCHOR.head}, 14) == ""
    assert anchor_problem([ANCHOR], {13: "00"}, 14) == ""
    assert "record 12 has head 00" in anchor_problem([ANCHOR], {12: "00" * 32}, 14)
    assert "the journal ends at record 11" in anchor_problem([ANCHOR], {11: "00"}, 11)
