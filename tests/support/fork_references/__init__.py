"""What layers of forks compute, in float64 and NumPy: written from the forks' sources, not from the layers here."""
