"""Compiled arithmetic of the volatility models."""
