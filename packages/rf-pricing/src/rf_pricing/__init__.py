"""Option pricing, implied volatility, stochastic volatility, rates and bonds."""
