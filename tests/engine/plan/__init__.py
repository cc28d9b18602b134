"""What models take, planned and real."""
