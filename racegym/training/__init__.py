"""Training: Stable-Baselines3 over our own vector environments, from recipes. Imports nothing heavy until used."""
