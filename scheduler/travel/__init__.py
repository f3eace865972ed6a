"""Travel times and distances between points, whoever knows them: an extract of OpenStreetMap in this process, an operator's own table
service, a map service, else as the crow flies with a detour.

Directions differ on real roads (in Baltimore 2,000 of 4,950 pairs by more than 60 s), so the haversine table is only the
fallback and says so in its ``source``.
"""
