"""What the core asks of the world, each as a Protocol class."""
