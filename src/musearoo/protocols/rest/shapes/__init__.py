"""What goes over the wire: pydantic models of requests, msgspec structs of answers."""
