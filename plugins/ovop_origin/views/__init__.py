"""The public side: pages for people, GeoJSON, JSON-LD and Digital Links for machines. The same for everybody."""
