"""Portfolio risk."""
