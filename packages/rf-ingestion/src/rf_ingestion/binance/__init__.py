"""Binance spot market data: wire structs, normalisation, book synchronisation, the source."""
