"""What the three adapters share: the only room of ovop_shared that imports saleor or celery."""
