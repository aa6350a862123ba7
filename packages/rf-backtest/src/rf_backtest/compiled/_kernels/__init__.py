"""Loops of the compiled path; only the modules beside this folder import them."""
