"""What happens to parcels: polling, detectors, cases, promises, alerts."""
