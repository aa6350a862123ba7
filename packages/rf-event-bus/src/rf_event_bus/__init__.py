"""rf-event-bus."""
