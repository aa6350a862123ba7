"""Screens: each arranges panels and fills them from the state."""
