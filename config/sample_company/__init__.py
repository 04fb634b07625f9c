"""A sample company's back end: orders, subscriptions, stock and refunds, over HTTP and the Model Context Protocol."""
