"""What the conductor needs of the world, as typing.Protocol classes; adapters implement them."""
