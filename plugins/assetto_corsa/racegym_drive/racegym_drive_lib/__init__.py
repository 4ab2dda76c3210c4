"""What racegym_drive is made of. Names are long because all apps of the game share one interpreter."""
