"""LlamaIndex: SentenceSplitter, HuggingFaceEmbedding and its default vector store, kept on disk."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.huggingface import HuggingFaceEmbedding

from bench.beside.contract import PASSAGES, Task, Text, model_folder, run


class LlamaIndex:
    """See bench.beside.contract.Subject."""

    def __init__(self, task: Task) -> None:
        self._folder = task.folder / "storage"
        self._model = HuggingFaceEmbedding(model_name=model_folder(), device="cpu", embed_batch_size=32)
        self._splitter = (
            SentenceSplitter(chunk_size=task.tokens, chunk_overlap=0, tokenizer=self._model._model.tokenizer.tokenize)
            if task.tokens
            else SentenceSplitter()
        )
        self.passages = 0

    def index(self, documents: Sequence[Text]) -> None:
        """See Subject.index."""
        whole = [Document(text=document.whole, metadata={"id": document.id}) for document in documents]
        for document in whole:
            document.excluded_embed_metadata_keys = ["id"]
        pieces = self._splitter.get_nodes_from_documents(whole)
        context = StorageContext.from_defaults()
        index = VectorStoreIndex(pieces, storage_context=context, embed_model=self._model)
        context.persist(str(self._folder))
        self._retriever = index.as_retriever(similarity_top_k=PASSAGES)
        self.passages = len(pieces)

    def ask(self, question: str) -> Sequence[str]:
        """See Subject.ask."""
        return [found.node.metadata["id"] for found in self._retriever.retrieve(question)]


if __name__ == "__main__":
    run(LlamaIndex)
