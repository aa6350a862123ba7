from decimal import Decimal

from rf_strategy import Opinion


def test_an_opinion_without_a_price_is_not_counted_as_told(make_context):
    context, opinion = make_context(), Opinion()
    context.features.samples = 1
    assert opinion.is_new_sample(context)
    words = {"reason": "why", "again_after": 5}
    assert opinion.tell(context, "s1", 1, 0.5, **words) is None
    context.features.mid_px = 10.0
    assert opinion.tell(context, "s1", 1, 0.5, **words).direction == 1
    assert opinion.tell(context, "s1", 1, 0.5, **words) is None


def test_an_opinion_is_told_again_only_while_the_position_does_not_follow(make_context):
    context, opinion = make_context(), Opinion()
    context.features.mid_px = 10.0
    told = []
    for sample in range(1, 13):
        context.features.samples = sample
        context.held = Decimal(0) if sample < 7 else Decimal(-1)
        assert opinion.is_new_sample(context)
        assert not opinion.is_new_sample(context)
        if opinion.tell(context, "s1", -1, 0.5, reason="why", again_after=3) is not None:
            told.append(sample)
    assert told == [1, 4]
    assert opinion.seen == 12
