"""Hairline's service: photos of concrete in, cracks out."""
