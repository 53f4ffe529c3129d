"""Evidence (存证): bundles that prove a delivery without us, and the program that checks them."""
