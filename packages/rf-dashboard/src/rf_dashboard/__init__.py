"""rf-dashboard."""
