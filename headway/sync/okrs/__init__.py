"""Bring OKRs in from Markdown as people write it, and from CSV."""
