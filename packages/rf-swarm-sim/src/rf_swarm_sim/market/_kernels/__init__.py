"""Compiled heart of the market: random numbers, the book, the agents' rules, the rounds."""
