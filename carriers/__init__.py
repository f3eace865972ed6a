"""One file per carrier or aggregator; everything else reaches them through the registry."""
