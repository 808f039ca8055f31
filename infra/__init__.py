"""What Chalice does not make, and the world in which everything runs on one machine."""
