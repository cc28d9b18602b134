"""``tui --bench``: a whole evaluation without a screen, as tables and as JSON."""
