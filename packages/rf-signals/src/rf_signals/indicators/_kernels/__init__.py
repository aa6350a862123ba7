"""Compiled loops of the indicators: windows, and recursions over bars.

Every loop does the operations of its streaming class in the same order, so the two give the
same bits. The modules call nothing outside themselves.
"""
