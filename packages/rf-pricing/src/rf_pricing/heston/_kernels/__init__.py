"""Compiled parts of the Heston model: transform, contour, integral, fit."""
