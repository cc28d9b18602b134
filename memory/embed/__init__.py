"""What makes embeddings: a model on this machine, or a service over HTTP. Nothing heavy is imported here."""

from memory.embed.local import LocalEmbedder
from memory.embed.service import ServiceEmbedder

__all__ = ["LocalEmbedder", "ServiceEmbedder"]
