"""The vocabulary of Guiji (归集): words, errors, standards, and the catalog of departments and receivers.

Imports nothing of the house; reads `departments/` and `receivers/` as data.
"""
