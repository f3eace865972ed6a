"""One file per chat; renders alerts and routes, reads what people do. Reached through the registry."""
