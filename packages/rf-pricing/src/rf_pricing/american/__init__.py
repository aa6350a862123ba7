"""American options: the spectral method, binomial and trinomial trees."""

from rf_pricing.american.american import american_price, early_exercise_premium
from rf_pricing.american.trees import binomial_price, trinomial_price

__all__ = ["american_price", "binomial_price", "early_exercise_premium", "trinomial_price"]
