"""Reports for people: drawn from the ledger and the kept results, never from records."""
