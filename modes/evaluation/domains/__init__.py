"""The domains that are always there, by name; each is read when it is asked for."""
