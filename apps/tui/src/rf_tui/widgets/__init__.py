"""Panels: each paints one slice of what the screen knows."""
