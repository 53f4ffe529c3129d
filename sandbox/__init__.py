"""Departments and receivers as real local servers, for the demo, the tests and a newcomer's first hour."""
