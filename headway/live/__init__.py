"""History and realtime: one Change row per action."""
