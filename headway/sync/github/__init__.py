"""GitHub's issues as JSON: REST lists (also pages after one another), `gh issue list --json`, JSON Lines, archives."""
