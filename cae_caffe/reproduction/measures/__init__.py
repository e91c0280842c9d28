"""What is measured of a trained net: its codes, its classes, its pictures, and the map of the codes."""
