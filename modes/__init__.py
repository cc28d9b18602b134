"""What a mode is: its file, its validated form, and the blends that are spoken in."""
