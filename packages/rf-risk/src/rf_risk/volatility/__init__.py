"""Volatility models."""
