"""LangChain: recursive splitter, HuggingFaceEmbeddings, Chroma, as its own guide to retrieval puts them together."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

from bench.beside.contract import PASSAGES, Task, Text, model_folder, run

_CHARACTERS, _OVERLAP = 1000, 200
"""Of its guide."""
_MOST_AT_ONCE = 5000


class LangChain:
    """See bench.beside.contract.Subject."""

    def __init__(self, task: Task) -> None:
        embeddings = HuggingFaceEmbeddings(
            model_name=model_folder(), model_kwargs={"device": "cpu"}, encode_kwargs={"normalize_embeddings": True}
        )
        self._store = Chroma(
            collection_name="beside", embedding_function=embeddings, persist_directory=str(task.folder / "chroma")
        )
        self._splitter = (
            RecursiveCharacterTextSplitter.from_huggingface_tokenizer(
                embeddings._client.tokenizer, chunk_size=task.tokens, chunk_overlap=0
            )
            if task.tokens
            else RecursiveCharacterTextSplitter(chunk_size=_CHARACTERS, chunk_overlap=_OVERLAP)
        )
        self.passages = 0

    def index(self, documents: Sequence[Text]) -> None:
        """See Subject.index."""
        whole = [Document(page_content=document.whole, metadata={"id": document.id}) for document in documents]
        pieces = self._splitter.split_documents(whole)
        for start in range(0, len(pieces), _MOST_AT_ONCE):
            self._store.add_documents(pieces[start : start + _MOST_AT_ONCE])
        self.passages = len(pieces)

    def ask(self, question: str) -> Sequence[str]:
        """See Subject.ask."""
        return [found.metadata["id"] for found in self._store.similarity_search(question, k=PASSAGES)]


if __name__ == "__main__":
    run(LangChain)
