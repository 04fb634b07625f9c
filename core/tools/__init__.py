"""Tools behind a company's own servers (OpenAPI, MCP), kept out of core.agent for the libraries that they need."""
