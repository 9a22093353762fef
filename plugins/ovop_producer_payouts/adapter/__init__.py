"""The only room of this plugin that knows Saleor and Celery."""
