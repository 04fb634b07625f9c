"""Our knowledge base beside LangChain, LlamaIndex and Haystack: same documents, same weights, each in its own process."""
