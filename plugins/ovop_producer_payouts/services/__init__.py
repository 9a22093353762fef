"""The writes. Each module holds those of one thing: ledger, settlement, rules, batches, statements."""
