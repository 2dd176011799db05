"""What leaves the house without saying whose it is: attributes, whole files and pixels under a mask."""
