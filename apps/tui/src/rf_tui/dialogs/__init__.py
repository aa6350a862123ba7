"""Dialogs: boxes above the screen that take every key while they are open."""
