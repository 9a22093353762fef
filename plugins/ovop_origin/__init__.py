"""Where a product comes from: places, producers, and which of them stand behind which product."""
