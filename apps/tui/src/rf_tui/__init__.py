"""rf-tui."""
