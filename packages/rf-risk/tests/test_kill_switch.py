import msgspec

from rf_common import Mode, UnixNanos
from rf_risk import KillState

T = UnixNanos(7)


def test_the_switch_latches_and_keeps_the_first_reason() -> None:
    thrown = KillState().engage("loss", "ann", T)

    again = thrown.engage("other", "bob", UnixNanos(9))

    assert again is thrown
    assert (thrown.engaged, thrown.reason, thrown.actor, thrown.ts) == (True, "loss", "ann", 7)


def test_kills_are_numbered_for_ever() -> None:
    state = KillState()
    numbers = []
    for _ in range(3):
        state = state.engage("x", "y", T)
        numbers.append(state.number)
        state = state.release()
        assert (state.engaged, state.reason, state.number) == (False, "", numbers[-1])

    assert numbers == [1, 2, 3]


def test_each_kill_and_mode_has_its_own_phrase() -> None:
    first = KillState().engage("x", "y", T)
    second = first.release().engage("x", "y", T)

    assert first.phrase(Mode.PAPER) == "resume PAPER 1"
    assert second.phrase(Mode.LIVE) == "resume LIVE 2"


def test_the_switch_survives_a_restart() -> None:
    thrown = KillState().engage("loss", "ann", T)

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(thrown), type=KillState) == thrown


def test_the_switch_cannot_be_changed_in_place() -> None:
    assert KillState.__struct_config__.frozen
