"""Pure, columnar: raw → standard → receiver’s form. No I/O."""
