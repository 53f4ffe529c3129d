"""Named column functions: one column of text in, one column of typed values and its flags out."""
