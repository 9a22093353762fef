"""Who is paid what for an order, and why: ledger, settlement, payouts, statements."""
