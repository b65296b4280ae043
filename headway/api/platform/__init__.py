"""What every operation of the API stands on: who asks, problems, pages, conditions, repeats, limits, the document."""
