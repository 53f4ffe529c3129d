"""Bytes in, bytes out: one file per access method, never per department."""
