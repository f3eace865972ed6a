"""A simulated world: a town, a shop, its parcels and people, and carriers that speak the real wire formats.

It signs, encodes and knows the truth on its own, so that the product's mistakes can't cancel out here.
"""
