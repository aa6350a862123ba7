"""Adapters, to be written."""
