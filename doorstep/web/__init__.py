"""What people see: sign-in, the desk, cases, parcels, returns, routes, and the courier's page."""
