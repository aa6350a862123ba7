from rf_pricing.warming import warm


def test_every_subject_is_told_before_it_is_compiled():
    told = []
    warm(told.append)
    assert told[0] == "1 of 5: European options"
    assert told[-1] == "5 of 5: Monte Carlo"
