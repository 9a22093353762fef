"""Origin on Saleor: pages, attributes and metadata that follow the registry. The only room that imports saleor."""
