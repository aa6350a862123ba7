"""Compiled loops of the simulation: 64 paths side by side, one row per step."""
