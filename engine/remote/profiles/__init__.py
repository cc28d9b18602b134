"""What is peculiar to each kind of server, a file each; `asking` finds out which one it is."""
