"""Files that have been sent ahead of the message they belong to."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from contact_center.db import Key, Name, Short, Table
from contact_center.storage import StoredFile


class Upload(Table):
    """Safely stored, and gone from here once a message carries it."""

    __tablename__ = "uploads"

    id: Mapped[Key]
    uploader: Mapped[str] = mapped_column(String(80))  # "agent:7": nobody else may send it
    storage_key: Mapped[Short] = mapped_column(unique=True)
    name: Mapped[Name]
    content_type: Mapped[Name]
    size: Mapped[int]  # bytes
    sha256: Mapped[Short]
    created_at: Mapped[datetime] = mapped_column(index=True)

    @property
    def file(self) -> StoredFile:
        return StoredFile(self.storage_key, self.name, self.content_type, self.size, self.sha256)
