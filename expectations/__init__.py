"""Judgement: record rules, Great Expectations suites, the gate, quality measures.

Pure but for reading its own suites: tables in, findings and counts out. The only package that knows Great Expectations.
"""
