"""One conversation turn, and what it needs, without any screen."""
