"""Pictures of a report: interactive ones for a page, and the one for a paper."""
