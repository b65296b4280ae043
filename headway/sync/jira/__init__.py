"""Jira's CSV exports: Cloud and Server, "all fields" and "current fields", issue list and timeline."""
