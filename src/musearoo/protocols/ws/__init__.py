"""The WebSocket door: sessions live on `/api/v3/ws` (contract §3)."""
