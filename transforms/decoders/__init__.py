"""One module per file format: bytes in, tables of text out. `transforms.decode` chooses among them."""
