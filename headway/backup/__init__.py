"""Safe keeping: copies of everything, an export in open formats, and the way back into an empty installation."""
